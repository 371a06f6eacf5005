// A broker as a child of this process: for tests and benches. A started system's supervisor uses the parts instead.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { brokerCommand } from './command.ts'
import { brokerFault } from './fault.ts'
import { prepareBroker } from './prepare.ts'
import { awaitBroker, type AwaitOptions } from './ready.ts'
import { adminAccess, type BrokerSettings } from './settings.ts'

const TAIL_LINES = 40
const STOP_LIMIT_MS = 10_000

export interface Broker {
  /** As the administrator. */
  readonly access: BrokerAccess
  readonly pid: number
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>
  /** The last lines of its log. */
  tail: () => readonly string[]
  /** SIGTERM, and SIGKILL after 10 s. */
  stop: () => Promise<void>
  /** SIGKILL, as a crash would end it. */
  kill: () => Promise<void>
}

/** Prepares, starts and awaits a broker. Throws HubError HUB_BROKER_*; then nothing is left running. */
export const startBroker = async (settings: BrokerSettings, options: AwaitOptions = {}): Promise<Broker> => {
  await prepareBroker(settings)
  const { command, args, env, cwd } = brokerCommand(settings)
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const faulty = new AbortController()
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      lines.push(line)
      if (lines.length > TAIL_LINES) lines.shift()
      const fault = brokerFault(settings.name, line)
      if (fault !== undefined) faulty.abort(fault)
    })
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const exited = (what: string): void => {
    const message = `Broker ${settings.name} ended (${what}). Its last lines:\n${lines.join('\n')}`
    faulty.abort(new HubError('HUB_BROKER_EXITED', message))
    end()
  }
  child.once('error', error => exited(error.message))
  child.once('close', (code, signal) => exited(signal ?? `code ${code}`))
  const stopBy = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await ended
    clearTimeout(limit)
  }
  try {
    const signals = options.signal === undefined ? [faulty.signal] : [faulty.signal, options.signal]
    await awaitBroker(settings, { ...options, signal: AbortSignal.any(signals) })
  } catch (error) {
    await stopBy('SIGKILL')
    // sleep() wraps the reason of an abort.
    throw faulty.signal.aborted && !(error instanceof HubError) ? faulty.signal.reason : error
  }
  return {
    access: adminAccess(settings),
    pid: child.pid!,
    ended,
    tail: () => lines,
    stop: () => stopBy('SIGTERM'),
    kill: () => stopBy('SIGKILL'),
  }
}
