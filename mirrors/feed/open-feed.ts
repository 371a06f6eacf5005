// Opens the feed of a topic on the local broker.
import { setTimeout as sleep } from 'node:timers/promises'
import { openTopicLog, type TopicLog } from '#hub'
import { MirrorError } from '../errors.ts'
import { openLateness } from './lateness.ts'
import { fatalFetchError, isUnknownTopic } from './fetch-error.ts'
import { type Feed, type FeedItem, type FeedOptions, type StartPosition } from './feed.ts'
import { type ReceivedTimes, openReceivedTimes } from './received-times.ts'
import { openFeedQueue } from './feed-queue.ts'
import { runFetchLoop } from './fetch-loop.ts'
import { resolveStartOffsets } from './start-offsets.ts'

const MB = 1024 * 1024
/** Measured with packets of 110 KB: 4 MB a partition is the fastest; 1 MB costs twice the CPU. */
const MAX_BYTES_PER_PARTITION = 4 * MB
const MAX_BYTES = 64 * MB
/** A record ends the waiting, so a long one delays nothing; it bounds how old the answer to “is this the end?” is, which closes visits of `best` filters. */
const MAX_WAIT_MS = 1000
const PAUSE_MS = 200
/** How long closing waits for a broker that does not answer. */
const CLOSE_LIMIT_MS = 1000

/** Tries until it works, the signal aborts, or the broker says no. A broker that is still starting says nothing. */
const persist = async <T>({ topic, access, signal }: FeedOptions, attempt: () => Promise<T>): Promise<T> => {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      const fatal = fatalFetchError(error, topic, access.user)
      if (fatal !== undefined) throw fatal
      if (isUnknownTopic(error))
        throw new MirrorError(
          'MIRROR_FEED_TOPIC',
          `${topic} does not exist on ${access.bootstrap}, or ${access.user} may not see it; topics are made when the node is prepared`,
          { cause: error },
        )
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }
}

interface Opened {
  readonly log: TopicLog
  readonly starts: Map<number, bigint>
  readonly ends: Map<number, ReceivedTimes>
}

const openAtStarts = async (options: FeedOptions): Promise<Opened> => {
  const { access, clientId, topic, from, otherwise = 'earliest' } = options
  const log = openTopicLog(access, { clientId, topic })
  try {
    const partitions = [...(await log.place()).leaders.keys()]
    // The first fetch may wait for long: without this, what ends its waiting could have come at any time.
    const askedMs = Date.now()
    const last = await log.offsets('latest', partitions)
    const answeredMs = Date.now()
    const starts = await resolveStartOffsets(log, topic, partitions, from, otherwise)
    const ends = new Map<number, ReceivedTimes>()
    for (const [partition, end] of last) {
      const start = from instanceof Map ? (from as ReadonlyMap<number, StartPosition>).get(partition) : from
      // A leader that just changed, or a topic made anew: what such an end says is not of what was read.
      if (typeof start === 'bigint' && end < start) continue
      const received = openReceivedTimes()
      received.noted(end, askedMs, answeredMs)
      ends.set(partition, received)
    }
    return { log, starts, ends }
  } catch (error) {
    await log.close()
    throw error
  }
}

const after = (item: FeedItem): bigint => (item.kind === 'batch' ? item.nextOffset : item.to)

/**
 * Opens a feed: waits for the broker, finds the start of each partition, and begins to read.
 * Throws MirrorError MIRROR_FEED_TOPIC and MIRROR_FEED_READ, or the signal's reason. The iteration throws those, MIRROR_FEED_AHEAD and
 * MIRROR_FEED_CORRUPT; everything else (restarts, new leaders, lost connections) is waited out.
 */
export const openFeed = async (options: FeedOptions): Promise<Feed> => {
  const { topic, access, signal, maxBytes = MAX_BYTES } = options
  const { log, starts, ends } = await persist(options, () => openAtStarts(options))
  const queue = openFeedQueue(maxBytes)
  const stop = new AbortController()
  const reading = new Map(starts)
  const positions = new Map(starts)
  const highWatermarks = new Map<number, bigint>()
  const arrival = openLateness()

  const ended = runFetchLoop({
    topic,
    user: access.user,
    log,
    queue,
    positions: reading,
    highWatermarks,
    ends,
    arrival,
    limits: {
      maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS,
      minBytes: options.minBytes ?? 1,
      maxBytesPerPartition: options.maxBytesPerPartition ?? MAX_BYTES_PER_PARTITION,
    },
    maxBytes,
    signal: stop.signal,
  }).catch((error: unknown) => {
    queue.close(error)
    stop.abort()
  })

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      signal.removeEventListener('abort', closeNow)
      queue.close()
      stop.abort()
      const limit = new AbortController()
      const quietly = Promise.allSettled([log.close(), ended])
      await Promise.race([quietly, sleep(CLOSE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined)])
      limit.abort()
    })()
    return closing
  }
  const closeNow = (): void => void close()
  signal.addEventListener('abort', closeNow, { once: true })
  if (signal.aborted) await close()

  return {
    topic,
    starts,
    positions,
    highWatermarks,
    received: (partition, offset) => ends.get(partition)?.received(offset) ?? { afterMs: -Infinity, byMs: Date.now() },
    readBy: (partition, position) => ends.get(partition)?.readBy(position),
    arrival,
    seek: (partition, offset) => {
      if (!reading.has(partition))
        throw new MirrorError('MIRROR_FEED_TOPIC', `${topic} has no partition ${partition} to seek in`)
      reading.set(partition, offset)
      positions.set(partition, offset)
      queue.drop(partition)
    },
    close,
    async *[Symbol.asyncIterator]() {
      try {
        for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
          positions.set(item.partition, after(item))
          yield item
        }
      } finally {
        await close()
      }
    },
  }
}
