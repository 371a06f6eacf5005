// A broker as a child of this process: for tests and benches. A started system's supervisor uses the parts instead.
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type JavaProcess, startJavaProcess } from './java-process.ts'
import { brokerCommand } from './broker-command.ts'
import { brokerFault } from './log-fault.ts'
import { prepareBroker } from './prepare-broker.ts'
import { awaitBroker, type AwaitOptions } from './await-broker.ts'
import { adminAccess, type BrokerSettings } from './settings.ts'

export interface Broker extends JavaProcess {
  /** As the administrator. */
  readonly access: BrokerAccess
}

/** Prepares, starts and awaits a broker. Throws HubError HUB_BROKER_*; then nothing is left running. */
export const startBroker = async (settings: BrokerSettings, options: AwaitOptions = {}): Promise<Broker> => {
  await prepareBroker(settings)
  const { name } = settings
  const faulty = new AbortController()
  const child = startJavaProcess(brokerCommand(settings), {
    onLine: line => {
      const fault = brokerFault(name, line)
      if (fault !== undefined) faulty.abort(fault)
    },
    onEnd: (what, tail) => {
      const message = `Broker ${name} ended (${what}). Its last lines:\n${tail.join('\n')}`
      faulty.abort(new HubError('HUB_BROKER_EXITED', message))
    },
  })
  try {
    const signals = options.signal === undefined ? [faulty.signal] : [faulty.signal, options.signal]
    await awaitBroker(settings, { ...options, signal: AbortSignal.any(signals) })
  } catch (error) {
    await child.kill()
    // sleep() wraps the reason of an abort.
    throw faulty.signal.aborted && !(error instanceof HubError) ? faulty.signal.reason : error
  }
  return { ...child, access: adminAccess(settings) }
}
