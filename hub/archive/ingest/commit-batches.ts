// What the archiver takes in: a feed of a stream's topic, as mirrors' `openFeed` gives it (this folder may not import it), gathered into groups.
import { type Message } from '../../kafka/produce/messages.ts'

/** A record of an alert topic, as received. */
export interface ReceivedPacket {
  readonly offset: bigint
  /** When its producer made it, ms since 1970. */
  readonly timestampMs: number
  readonly value: Buffer
  readonly headers: NonNullable<Message['headers']>
}

/** Records of a partition that follow each other; `release` lets the feed read on. */
interface PacketBatch {
  readonly kind: 'batch'
  readonly partition: number
  /** Where the next batch begins. */
  readonly nextOffset: bigint
  readonly packets: readonly ReceivedPacket[]
  readonly bytes: number
  release: () => void
}

/** Offsets that were gone before they were read. */
interface PacketGap {
  readonly kind: 'gap'
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Ends without an error when the signal it was opened with comes; holds a bounded number of bytes that are not released. */
export interface PacketFeed extends AsyncIterable<PacketBatch | PacketGap> {
  close: () => Promise<void>
}

/** Everything that came since the last group, up to the limits: archived and committed together. */
export interface PacketGroup {
  readonly packets: readonly (ReceivedPacket & { readonly partition: number })[]
  /** Partition → where to read on after this group. */
  readonly next: ReadonlyMap<number, bigint>
  readonly gaps: readonly PacketGap[]
  release: () => void
}

export interface GroupLimits {
  readonly maxPackets: number
  readonly maxBytes: number
  /** A group that is not full waits this long for more. */
  readonly lingerMs: number
}

/** Groups of a feed. The next group is asked for when the one before is on its way: under load groups are full, otherwise they are early. */
export async function* gather(feed: PacketFeed, limits: GroupLimits): AsyncGenerator<PacketGroup> {
  const items: (PacketBatch | PacketGap)[] = []
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
      yield groupOf(items.splice(0, takeable(items, limits)))
    }
  } finally {
    await feed.close()
  }
}

type Item = PacketBatch | PacketGap

const sizeOf = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + (item.kind === 'batch' ? item.packets.length : 0), 0)

/** How many of the items fit into a group; one always does. */
const takeable = (items: readonly Item[], { maxPackets, maxBytes }: GroupLimits): number => {
  let [packets, bytes] = [0, 0]
  for (const [at, item] of items.entries()) {
    if (item.kind === 'gap') continue
    packets += item.packets.length
    bytes += item.bytes
    if (at > 0 && (packets > maxPackets || bytes > maxBytes)) return at
  }
  return items.length
}

const groupOf = (items: readonly Item[]): PacketGroup => ({
  packets: items.flatMap(item =>
    item.kind === 'gap' ? [] : item.packets.map(packet => ({ ...packet, partition: item.partition })),
  ),
  next: new Map(items.map(item => [item.partition, item.kind === 'gap' ? item.to : item.nextOffset])),
  gaps: items.filter(item => item.kind === 'gap'),
  release: () => {
    for (const item of items) if (item.kind === 'batch') item.release()
  },
})
