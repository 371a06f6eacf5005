// Fetches from every leader of the topic and puts contiguous runs into the queue. The only place where a position of the feed moves.
import { setTimeout as sleep } from 'node:timers/promises'
import { type FetchedPartition, type FetchLimits, type TopicLog } from '#hub'
import { MirrorError } from '../errors.ts'
import { type Lateness } from './lateness.ts'
import { fatalFetchError, isUnknownTopic } from './fetch-error.ts'
import { contiguousRuns } from './contiguous-batches.ts'
import { type ReceivedTimes, openReceivedTimes } from './received-times.ts'
import { type FeedQueue } from './feed-queue.ts'

const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 1000
/** A topic that is being made anew is unknown for less. */
const UNKNOWN_TOPIC_LIMIT_MS = 15_000
/** A leader that just changed may know an older end for a moment. */
const AHEAD_LIMIT_MS = 5000

export interface FetchLoopOptions {
  readonly topic: string
  readonly user: string
  readonly log: TopicLog
  readonly queue: FeedQueue
  /** Where each partition is fetched next. Changed here, and by a seek. */
  readonly positions: Map<number, bigint>
  readonly highWatermarks: Map<number, bigint>
  /** How the end of each partition moved. */
  readonly ends: Map<number, ReceivedTimes>
  /** Changed with every answer that has records. */
  readonly arrival: Lateness
  readonly limits: Omit<FetchLimits, 'maxBytes'>
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Reads until the signal. Rejects with a MirrorError where reading on makes no sense; nothing is read any more then. */
export const runFetchLoop = async (options: FetchLoopOptions): Promise<void> => {
  const { topic, user, log, queue, positions, highWatermarks, ends, arrival, limits, maxBytes, signal } = options
  const loops = new Map<number, Promise<void>>()
  const { promise: failure, reject: fail } = Promise.withResolvers<never>()
  failure.catch(() => undefined)

  /** Drops what was fetched for a position that a seek has changed meanwhile. Gives the timestamp of the newest packet. */
  const take = (fetched: FetchedPartition, asked: bigint, askedMs: number): number | undefined => {
    const { partition, highWatermark } = fetched
    highWatermarks.set(partition, highWatermark)
    const received = ends.get(partition) ?? openReceivedTimes()
    ends.set(partition, received)
    received.noted(highWatermark, askedMs, Date.now())
    if (positions.get(partition) !== asked) return undefined
    let newestMs: number | undefined
    for (const run of contiguousRuns(fetched, asked)) {
      queue.push(partition, run, highWatermark)
      positions.set(partition, run.to)
      if (run.kind === 'batch') newestMs = run.packets.at(-1)?.timestampMs ?? newestMs
    }
    return newestMs
  }

  /** Retention or a deletion overtook the position: a gap, said so. A position after the end is not ours to repair. */
  const reconcile = async (partition: number, sinceMs: number): Promise<void> => {
    const asked = positions.get(partition) ?? 0n
    const first = (await log.offsets('earliest', [partition])).get(partition) ?? 0n
    const end = (await log.offsets('latest', [partition])).get(partition) ?? 0n
    if (positions.get(partition) !== asked) return
    if (asked < first) {
      queue.push(partition, { kind: 'gap', from: asked, to: first }, end)
      positions.set(partition, first)
    } else if (asked > end && performance.now() - sinceMs > AHEAD_LIMIT_MS)
      throw new MirrorError(
        'MIRROR_FEED_AHEAD',
        `Partition ${partition} of ${topic} ends at ${end}, and ${asked} was to be read next: the topic was made anew or lost records. Begin at its end or its first record on purpose`,
      )
  }

  const isStopped = (): boolean => signal.aborted

  /**
   * Partitions whose positions the log does not have; undefined where this broker leads none. Partitions take turns in being the first: an answer that is full has
   * nothing of the last ones, and a batch above the limit of a partition comes only as the first of an answer.
   */
  const fetchOnce = async (nodeId: number, turn: number): Promise<number[] | undefined> => {
    const { leaders } = await log.place()
    for (const [partition, leader] of leaders) {
      if (!positions.has(partition)) positions.set(partition, 0n)
      start(leader)
    }
    const mine = [...positions].filter(([partition]) => leaders.get(partition) === nodeId)
    if (mine.length === 0) return undefined
    const bytes = Math.min(limits.maxBytesPerPartition * mine.length, Math.ceil(maxBytes / 2))
    await queue.room(bytes)
    if (isStopped()) return []
    // Seeks while there was no room count.
    const inTurn = [...mine.slice(turn % mine.length), ...mine.slice(0, turn % mine.length)]
    const asked = new Map(inTurn.map(([partition, offset]) => [partition, positions.get(partition) ?? offset]))
    const askedMs = Date.now()
    const fetched = await log.fetch(nodeId, asked, { ...limits, maxBytes: bytes })
    const late = fetched.flatMap(one => {
      if (one.isOutOfRange) return []
      const newestMs = take(one, asked.get(one.partition) ?? -1n, askedMs)
      // A record without a timestamp has -1.
      return newestMs === undefined || newestMs <= 0 ? [] : Date.now() - newestMs
    })
    if (late.length > 0) arrival.note(Math.max(...late), Date.now())
    return fetched.filter(({ isOutOfRange }) => isOutOfRange).map(({ partition }) => partition)
  }

  const loop = async (nodeId: number): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS
    let faultSince: number | undefined
    const pause = async (): Promise<void> => {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
    }
    for (let turn = 0; !isStopped(); turn++)
      try {
        const outside = await fetchOnce(nodeId, turn)
        if (outside === undefined) return
        if (outside.length === 0) {
          pauseMs = FIRST_PAUSE_MS
          faultSince = undefined
          continue
        }
        faultSince ??= performance.now()
        for (const partition of outside) await reconcile(partition, faultSince)
        await pause()
      } catch (error) {
        if (isStopped()) return
        const fatal = fatalFetchError(error, topic, user)
        if (fatal !== undefined) throw fatal
        faultSince ??= performance.now()
        if (isUnknownTopic(error) && performance.now() - faultSince > UNKNOWN_TOPIC_LIMIT_MS)
          throw new MirrorError('MIRROR_FEED_TOPIC', `${topic} no longer exists on the node`, { cause: error })
        await pause()
      }
  }
  const start = (nodeId: number): void => {
    if (loops.has(nodeId)) return
    loops.set(
      nodeId,
      loop(nodeId)
        .catch(fail)
        .finally(() => loops.delete(nodeId)),
    )
  }

  const NO_LEADER = -1
  start(NO_LEADER)
  const stopped = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
  await (isStopped() ? undefined : Promise.race([stopped, failure]))
  await Promise.all(loops.values())
}
