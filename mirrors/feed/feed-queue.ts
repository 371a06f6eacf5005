// What was read and not yet handed out, and how much of what was handed out is still held: the feed's bound in bytes. No I/O.
import { type FeedBatch, type FeedGap, type FeedItem } from './feed.ts'
import { type FetchedRun } from './contiguous-batches.ts'

/** A packet or batch costs this much memory besides its bytes, roughly; so that empty ones are bounded too. */
const OBJECT_BYTES = 300

/** A queue of feed items with a budget. `take` gives them in order; `room` says when the next fetch may start. */
export interface FeedQueue {
  push(partition: number, run: FetchedRun, highWatermark: bigint): void
  /** The next item; undefined when the queue is closed. Rejects with the error it was closed with. */
  take(): Promise<FeedItem | undefined>
  /** Removes what waits of a partition. */
  drop(partition: number): void
  /** Resolves when `bytes` more would fit, or nothing is held at all, or the queue is closed. */
  room(bytes: number): Promise<void>
  /** Bytes that wait or are handed out and not released. */
  readonly heldBytes: number
  /** Ends both sides. What waits is dropped. */
  close(error?: unknown): void
}

/** Opens a queue that holds up to `maxBytes`. */
export const openFeedQueue = (maxBytes: number): FeedQueue => {
  let items: FeedItem[] = []
  const costs = new WeakMap<FeedItem, number>()
  let heldBytes = 0
  let closed: { readonly error: unknown } | undefined
  let taker: (() => void) | undefined
  let waiters: (() => void)[] = []

  const isEmpty = (): boolean => items.length === 0 && closed === undefined
  const isFull = (bytes: number): boolean => closed === undefined && heldBytes > 0 && heldBytes + bytes > maxBytes
  const wakeWaiters = (): void => {
    const woken = waiters
    waiters = []
    for (const wake of woken) wake()
  }
  const giveBack = (item: FeedItem): void => {
    heldBytes -= costs.get(item) ?? 0
    costs.delete(item)
    wakeWaiters()
  }
  const itemOf = (partition: number, run: FetchedRun, highWatermark: bigint): FeedItem => {
    if (run.kind === 'gap') return { kind: 'gap', partition, from: run.from, to: run.to } satisfies FeedGap
    const batch: FeedBatch = {
      kind: 'batch',
      partition,
      firstOffset: run.from,
      nextOffset: run.to,
      highWatermark,
      packets: run.packets,
      bytes: run.packets.reduce((sum, { value }) => sum + value.length, 0),
      release: () => giveBack(batch),
    }
    costs.set(batch, batch.bytes + OBJECT_BYTES * (1 + run.packets.length))
    return batch
  }
  return {
    push: (partition, run, highWatermark) => {
      if (closed !== undefined) return
      const item = itemOf(partition, run, highWatermark)
      heldBytes += costs.get(item) ?? 0
      items.push(item)
      taker?.()
    },
    take: async () => {
      while (isEmpty()) {
        const { promise, resolve } = Promise.withResolvers<void>()
        taker = resolve
        await promise
        taker = undefined
      }
      if (closed?.error !== undefined) throw closed.error
      return closed === undefined ? items.shift() : undefined
    },
    drop: partition => {
      const dropped = items.filter(item => item.partition === partition)
      items = items.filter(item => item.partition !== partition)
      for (const item of dropped) giveBack(item)
    },
    room: async bytes => {
      while (isFull(bytes)) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiters.push(resolve)
        await promise
      }
    },
    get heldBytes() {
      return heldBytes
    },
    close: error => {
      closed ??= { error }
      items = []
      taker?.()
      wakeWaiters()
    },
  }
}
