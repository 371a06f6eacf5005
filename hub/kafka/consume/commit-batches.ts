// The batches in which archiver and upstreams commit. In: a feed of a topic, as mirrors' `openFeed` gives it (hub may not import mirrors, so its shape is
// declared here). Out: packets of all partitions in batches, with the positions after them and the gaps before them.
import { type Message } from '../produce/messages.ts'

/** A record of an alert topic, as received. */
export interface ReceivedPacket {
  readonly offset: bigint
  /** When its producer made it, ms since 1970. */
  readonly timestampMs: number
  readonly key?: Buffer | null
  readonly value: Buffer
  readonly headers: NonNullable<Message['headers']>
}

/** Records of a partition that follow each other; `release` lets the feed read on. */
interface FetchedBatch {
  readonly kind: 'batch'
  readonly partition: number
  /** Where the next batch begins. */
  readonly nextOffset: bigint
  readonly packets: readonly ReceivedPacket[]
  readonly bytes: number
  release: () => void
}

/** Offsets that were gone before they were read. */
export interface PacketGap {
  readonly kind: 'gap'
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Ends without an error when the signal it was opened with comes; holds a bounded number of bytes that are not released. */
export interface PacketFeed extends AsyncIterable<FetchedBatch | PacketGap> {
  close: () => Promise<void>
}

/** Everything that came since the last batch, up to the limits: worked on and committed together. */
export interface CommitBatch {
  readonly packets: readonly (ReceivedPacket & { readonly partition: number })[]
  /** Partition → where to read on after this batch. */
  readonly next: ReadonlyMap<number, bigint>
  readonly gaps: readonly PacketGap[]
  release: () => void
}

export interface BatchLimits {
  readonly maxPackets: number
  readonly maxBytes: number
  /** A batch that is not full waits this long for more. */
  readonly lingerMs: number
}

/** A feed's packets in batches. A batch is handed out when it is full or `lingerMs` after its first packet; what comes meanwhile makes the next one. */
export async function* commitBatches(feed: PacketFeed, limits: BatchLimits): AsyncGenerator<CommitBatch> {
  const items: (FetchedBatch | PacketGap)[] = []
  let news = Promise.withResolvers<void>()
  const state = { hasEnded: false }
  const isFull = (): boolean => takeable(items, limits) < items.length || sizeOf(items) >= limits.maxPackets
  const pump = async (): Promise<void> => {
    try {
      for await (const item of feed) {
        items.push(item)
        news.resolve()
      }
    } finally {
      state.hasEnded = true
      news.resolve()
    }
  }
  const pumping = pump()
  // Its failure is told when all that came before is handed out.
  pumping.catch(() => undefined)
  try {
    for (;;) {
      while (items.length === 0 && !state.hasEnded) {
        await news.promise
        news = Promise.withResolvers()
      }
      if (items.length === 0) return await pumping
      const linger = { isOver: false }
      const timer = setTimeout(() => {
        linger.isOver = true
        news.resolve()
      }, limits.lingerMs)
      while (!isFull() && !state.hasEnded && !linger.isOver) {
        await news.promise
        news = Promise.withResolvers()
      }
      clearTimeout(timer)
      yield batchOf(items.splice(0, takeable(items, limits)))
    }
  } finally {
    await feed.close()
  }
}

type Item = FetchedBatch | PacketGap

const sizeOf = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + (item.kind === 'batch' ? item.packets.length : 0), 0)

/** How many of the items fit into a batch; at least one does. */
const takeable = (items: readonly Item[], { maxPackets, maxBytes }: BatchLimits): number => {
  let [packets, bytes] = [0, 0]
  for (const [at, item] of items.entries()) {
    if (item.kind === 'gap') continue
    packets += item.packets.length
    bytes += item.bytes
    if (at > 0 && (packets > maxPackets || bytes > maxBytes)) return at
  }
  return items.length
}

const batchOf = (items: readonly Item[]): CommitBatch => ({
  packets: items.flatMap(item =>
    item.kind === 'gap' ? [] : item.packets.map(packet => ({ ...packet, partition: item.partition })),
  ),
  next: new Map(items.map(item => [item.partition, item.kind === 'gap' ? item.to : item.nextOffset])),
  gaps: items.filter(item => item.kind === 'gap'),
  release: () => {
    for (const item of items) if (item.kind === 'batch') item.release()
  },
})
