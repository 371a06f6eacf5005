// Reads one partition by position: no group, no commits, committed records only. For small topics that are read from the
// beginning, e.g. control topics, schemas and progress. Alerts are read by mirrors/feed.
import { HubError } from '../../errors.ts'
import { type OffsetQuery } from '../admin/offsets.ts'
import { type BrokerAccess, timeoutsOf } from '../broker-access.ts'
import { committedRecords, type LogRecord } from './committed-records.ts'
import { openTopicLog } from './topic-log.ts'

export interface LogReaderOptions {
  readonly clientId: string
  readonly topic: string
  readonly partition?: number
}

/** What a read found. */
export interface LogPage {
  readonly records: readonly LogRecord[]
  /** Where to read on. */
  readonly next: bigint
  /** Where the committed part of the partition ends, at the time of the read. */
  readonly end: bigint
  /** A topic made anew under its old name has another identity. */
  readonly topicId: string
}

export interface LogReader {
  /**
   * Reads at and after an offset (`'earliest'`: from where the log begins), waiting for something new for up to `waitMs`.
   * Throws HubError HUB_OFFSET_GONE where the log does not contain the offset.
   */
  read: (from: bigint | 'earliest', waitMs: number) => Promise<LogPage>
  /** The end of the log, open transactions included. */
  end: () => Promise<bigint>
  /** Where the log begins, or the first record of a time (milliseconds since 1970) or after it; the end where there is none. */
  positionAt: (when: 'earliest' | number) => Promise<bigint>
  close: () => Promise<void>
}

const MAX_BYTES = 8 * 1024 * 1024
/** A restore waits for it, so that a silent broker is given up sooner than by others. */
const ANSWER_LIMIT_MS = 8000

/** Opens a reader; it connects with the first call. Every call throws HubError; the next one starts afresh. */
export const openLogReader = (access: BrokerAccess, options: LogReaderOptions): LogReader => {
  const { clientId, topic, partition = 0 } = options
  const { connectMs, requestMs } = timeoutsOf(access)
  // To log in, to ask who leads, and to ask that one: a busy machine takes its time for each.
  const answerMs = Math.min(ANSWER_LIMIT_MS, connectMs + 2 * requestMs)
  const log = openTopicLog(access, { clientId, topic, answerMs })
  const offsetAt = async (question: OffsetQuery, isolation: 'committed' | 'uncommitted'): Promise<bigint> =>
    (await log.offsets(question, [partition], isolation)).get(partition) ?? 0n

  return {
    read: async (from, waitMs) => {
      const at = from === 'earliest' ? await offsetAt('earliest', 'committed') : from
      const { id, leaders } = await log.place()
      const leader = leaders.get(partition)
      if (leader === undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `Topic ${topic} has no partition ${partition}`)
      const limits = { maxWaitMs: waitMs, minBytes: 1, maxBytes: MAX_BYTES, maxBytesPerPartition: MAX_BYTES }
      const [found] = await log.fetch(leader, new Map([[partition, at]]), limits)
      // A broker that holds a client back for its quota answers with nothing at all.
      if (found === undefined) return { records: [], next: at, end: at + 1n, topicId: id }
      if (found.isOutOfRange)
        throw new HubError(
          'HUB_OFFSET_GONE',
          `The log of ${topic} does not contain offset ${at} of partition ${partition}`,
        )
      const { batches, abortedTransactions, lastStableOffset: end, topicId } = found
      const { records, next } = committedRecords(batches, abortedTransactions, at)
      // Nothing between here and the end: all of it has been compacted away.
      return { records, next: batches.length === 0 && end > next ? end : next, end, topicId }
    },
    end: () => offsetAt('latest', 'uncommitted'),
    positionAt: when => offsetAt(when === 'earliest' ? when : { timestampMs: when }, 'committed'),
    close: log.close,
  }
}
