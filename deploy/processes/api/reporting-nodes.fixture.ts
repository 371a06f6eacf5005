// Nodes whose shard 0 reports, as a worker does that has nothing to do: the API places no filters on one that is silent.
import { type BrokerAccess, openProducer } from '#hub'

const EVERY_MS = 15_000

/** What a node's only shard reports, as its worker makes it. */
export const ofShard = (mirror: string) => ({
  mirror,
  shard: 0,
  shards: 1,
  filters: 0,
  lagAlerts: 0,
  updatedAt: new Date().toISOString(),
})

/** What a node reports of a filter that is live in its first version. */
export const ofFilter = (filter: string, mirror: string, over: object = {}) => ({
  filter,
  mirror,
  shard: 0,
  state: 'live',
  version: 1,
  generation: 1,
  visits: [],
  cpuMs: 0,
  updatedAt: new Date().toISOString(),
  ...over,
})

const keyOf = (mirror: string): string => `node/${mirror}/0`

/** They have reported when this resolves, and go on until it is closed. */
export async function reportingNodes(
  hub: BrokerAccess,
  mirrors: readonly string[],
): Promise<{ readonly close: () => Promise<void> }> {
  const producer = await openProducer(hub, { clientId: 'reporting-nodes' })
  const report = async (): Promise<void> => {
    if (mirrors.length > 0)
      await producer.send(
        mirrors.map(mirror => ({
          topic: 'skysieve.status',
          key: keyOf(mirror),
          value: JSON.stringify(ofShard(mirror)),
        })),
      )
  }
  await report()
  let sending: Promise<void> = Promise.resolve()
  // A test may take the topic away.
  const timer = setInterval(() => {
    sending = sending.then(report).catch(() => undefined)
  }, EVERY_MS)
  return {
    close: async () => {
      clearInterval(timer)
      await sending
      await producer.close().catch(() => undefined)
    },
  }
}
