// Three real brokers for the integration tests, started once for a run: a hub and two nodes. Tests get at them by inject('kafka'). A run whose
// tests want none says so by SKYSIEVE_TEST_BROKERS=none.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { type TestProject } from 'vitest/node'
import { startBroker, type BrokerAccess } from '#hub'

declare module 'vitest' {
  interface ProvidedContext {
    /** Each as a super user. */
    kafka: {
      readonly hub: BrokerAccess
      readonly node: BrokerAccess
      readonly second: BrokerAccess
      /** The first node as reached through a relay, which a test has to open itself: it listens on the port of `access` and passes on to `port`. */
      readonly relayed: { readonly access: BrokerAccess; readonly port: number }
    }
  }
}

const LIBS = join(import.meta.dirname, '../../.cache/kafka-4.3.1')

/** Ports that are free now; one after another, so that they differ. */
const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = []
  while (ports.length < count) ports.push(await getPort())
  return ports
}

const secret = (): string => randomBytes(18).toString('base64url')

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  if (process.env.SKYSIEVE_TEST_BROKERS === 'none') return async () => undefined
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-brokers-'))
  const ports = await freePorts(8)
  const java = process.env.JAVA_HOME === undefined ? {} : { java: join(process.env.JAVA_HOME, 'bin/java') }
  const [outside, relay] = [ports[6]!, `127.0.0.1:${ports[7]!}`]
  const start = (name: string, [client, controller]: number[]) =>
    startBroker({
      name,
      dir: join(dir, name),
      libs: process.env.SKYSIEVE_KAFKA_LIBS ?? LIBS,
      ports: { client: client!, controller: controller! },
      secrets: { admin: secret(), broker: secret() },
      heapMb: 512,
      scramIterations: 4096,
      ...(name === 'node' ? { outside: [{ port: outside, advertised: relay }] } : {}),
      ...java,
    })
  const names = ['hub', 'node', 'second']
  const started = await Promise.allSettled(names.map((name, at) => start(name, ports.slice(2 * at, 2 * at + 2))))
  const stop = async (): Promise<void> => {
    await Promise.all(started.flatMap(broker => (broker.status === 'fulfilled' ? [broker.value.stop()] : [])))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  const failed = started.find(broker => broker.status === 'rejected')
  const [hub, node, second] = started.flatMap(broker => (broker.status === 'fulfilled' ? [broker.value.access] : []))
  if (failed === undefined && hub !== undefined && node !== undefined && second !== undefined) {
    const access = { ...node, bootstrap: relay }
    provide('kafka', { hub, node, second, relayed: { access, port: outside } })
    return stop
  }
  await stop()
  throw failed?.reason
}
