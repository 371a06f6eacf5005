// How far MirrorMaker has copied each partition of the hub, from the positions it commits with each transaction. The node's own
// offsets would not tell: transaction markers take some of them.
import { type BrokerAccess } from '#hub'
import { MirrorError } from '../errors.ts'
import { type FeedItem } from '../feed/feed.ts'
import { openFeed } from '../feed/open-feed.ts'
import { CONNECT_TOPICS, HUB_ALIAS } from '../mirror-maker/settings.ts'
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 1000

/** By topic, by partition: the hub's offset after the last record copied. */
export type CopiedOffsets = ReadonlyMap<string, ReadonlyMap<number, bigint>>

interface Position {
  readonly topic: string
  readonly partition: number
  readonly next: bigint
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

/**
 * A record of Kafka Connect's offsets topic: `["MirrorSourceConnector",{"cluster":"hub","partition":0,"topic":"…"}]` → `{"offset":41}`,
 * the last offset copied. Undefined for anything else.
 */
export const copiedPosition = (key: Buffer | null, value: Buffer): Position | undefined => {
  const parsed: unknown = key === null ? undefined : parse(key)
  const { cluster, topic, partition } = fieldsOf(Array.isArray(parsed) ? parsed[1] : undefined)
  const { offset } = fieldsOf(parse(value))
  if (cluster !== HUB_ALIAS || typeof topic !== 'string' || typeof partition !== 'number') return undefined
  return typeof offset === 'number' ? { topic, partition, next: BigInt(offset) + 1n } : undefined
}

/** Follows the positions until the signal; `positions` always has the latest. Waits for MirrorMaker's first start. */
export const followCopiedOffsets = (
  access: BrokerAccess,
  clientId: string,
  signal: AbortSignal,
): { readonly positions: CopiedOffsets; readonly ended: Promise<void> } => {
  const positions = new Map<string, Map<number, bigint>>()
  const note = (item: FeedItem): void => {
    if (item.kind === 'gap') return
    for (const { key, value } of item.packets) {
      const position = copiedPosition(key, value)
      if (position === undefined) continue
      const partitions = positions.get(position.topic) ?? new Map<number, bigint>()
      positions.set(position.topic, partitions.set(position.partition, position.next))
    }
    item.release()
  }
  const follow = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        const topic = CONNECT_TOPICS.offsets
        const feed = await openFeed({ access, clientId, topic, from: 'earliest', signal })
        for await (const item of feed) note(item)
      } catch (error) {
        if (signal.aborted) return
        // Made anew (a new node), or not there yet.
        if (!(error instanceof MirrorError) || error.code === 'MIRROR_FEED_READ') throw error
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      }
  }
  return { positions, ended: follow() }
}
