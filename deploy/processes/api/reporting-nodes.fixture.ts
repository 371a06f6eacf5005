// Nodes whose shard 0 reports, as a worker does that has nothing to do: the API places no filters on one that is silent.
import { type BrokerAccess, openProducer } from '#hub'

const EVERY_MS = 15_000

/** What a node's only shard reports. */
const shardReport = (mirror: string): { readonly key: string; readonly value: string } => ({
  key: `node/${mirror}/0`,
  value: JSON.stringify({
    mirror,
    shard: 0,
    shards: 1,
    filters: 0,
    lagAlerts: 0,
    updatedAt: new Date().toISOString(),
  }),
})

/** They have reported when this resolves, and go on until it is closed. */
export async function reportingNodes(
  hub: BrokerAccess,
  mirrors: readonly string[],
): Promise<{ readonly forget: () => Promise<void>; readonly close: () => Promise<void> }> {
  const producer = await openProducer(hub, { clientId: 'reporting-nodes' })
  const report = async (): Promise<void> => {
    if (mirrors.length > 0)
      await producer.send(mirrors.map(mirror => ({ topic: 'skysieve.status', ...shardReport(mirror) })))
  }
  await report()
  let sending: Promise<void> = Promise.resolve()
  // A test may take the topic away.
  const timer = setInterval(() => {
    sending = sending.then(report).catch(() => undefined)
  }, EVERY_MS)
  return {
    /** They report no more, and what they reported is taken away. */
    forget: async () => {
      clearInterval(timer)
      await sending
      await producer.send(mirrors.map(mirror => ({ topic: 'skysieve.status', ...shardReport(mirror), value: null })))
    },
    close: async () => {
      clearInterval(timer)
      await sending
      await producer.close().catch(() => undefined)
    },
  }
}
