// Two real brokers for the integration tests, started once for a run: a hub and a node. Tests get at them by inject('kafka'). A run whose
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
    /** Both as a super user. */
    kafka: {
      readonly hub: BrokerAccess
      readonly node: BrokerAccess
      /** The node as reached through a relay, which a test has to open itself: it listens on the port of `access` and passes on to `port`. */
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
  const ports = await freePorts(6)
  const java = process.env.JAVA_HOME === undefined ? {} : { java: join(process.env.JAVA_HOME, 'bin/java') }
  const [outside, relay] = [ports[4]!, `127.0.0.1:${ports[5]!}`]
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
  const started = await Promise.allSettled([start('hub', ports.slice(0, 2)), start('node', ports.slice(2, 4))])
  const stop = async (): Promise<void> => {
    await Promise.all(started.flatMap(broker => (broker.status === 'fulfilled' ? [broker.value.stop()] : [])))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  const [hub, node] = started
  if (hub?.status === 'fulfilled' && node?.status === 'fulfilled') {
    const access = { ...node.value.access, bootstrap: relay }
    provide('kafka', { hub: hub.value.access, node: node.value.access, relayed: { access, port: outside } })
    return stop
  }
  await stop()
  throw [hub, node].find(broker => broker?.status === 'rejected')!.reason
}
