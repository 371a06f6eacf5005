// Reads one partition by position: no group, no commits, committed records only. For small topics that are read from the
// beginning, e.g. control topics, schemas and progress. Alerts are read by mirrors/feed.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Base,
  type Broker,
  type Connection,
  fetchV13,
  kGetConnection,
  listOffsetsV7,
  ListOffsetTimestamps,
} from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type BrokerAccess, timeoutsOf } from '../broker-access.ts'
import { patchConnections } from '../library-patches/platformatic-connections.ts'
import { isProtocolError, kafkaFailure } from '../client-errors.ts'
import { platformaticLogin } from '../login-settings.ts'
import { committedRecords, type LogRecord } from './committed-records.ts'

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
const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1
const RETRIES = 3
const RETRY_DELAY_MS = 50
/** A broker that goes away while a client logs in leaves it without an answer; the client is then replaced. */
const ANSWER_LIMIT_MS = 8000
/** Longer than any read waits; what has no answer is given up before. */
const REQUEST_LIMIT_MS = 120_000
/** No fetch session: each request stands alone. */
const NO_SESSION = { id: 0, epoch: -1 }

const connect = (client: Base, broker: Broker): Promise<Connection> =>
  new Promise((resolve, reject) => {
    client[kGetConnection](broker, (error, connection) => {
      if (connection === undefined) reject(error ?? new TypeError('The Kafka client has no connection'))
      else resolve(connection)
    })
  })

/** Opens a reader; it connects with the first call. Every call throws HubError; the next one starts afresh. */
export const openLogReader = (access: BrokerAccess, options: LogReaderOptions): LogReader => {
  const { clientId, topic, partition = 0 } = options
  patchConnections()
  const { connectMs, requestMs } = timeoutsOf(access)
  // To log in, to ask who leads, and to ask that one: a busy machine takes its time for each.
  const answerLimitMs = Math.min(ANSWER_LIMIT_MS, connectMs + 2 * requestMs)
  const open = (): Base =>
    new Base({
      clientId,
      ...platformaticLogin(access),
      requestTimeout: REQUEST_LIMIT_MS,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
    })
  // A broker answers one connection's requests in order: a question about the end must not wait behind a read that waits.
  let [fetching, asking] = [open(), open()]
  let hasFailed = false

  const replace = (): void => {
    for (const client of [fetching, asking]) void client.close().catch(() => undefined)
    ;[fetching, asking] = [open(), open()]
  }

  const locate = async (client: Base) => {
    const metadata = await client.metadata({ topics: [topic], forceUpdate: hasFailed })
    hasFailed = false
    const found = metadata.topics.get(topic)
    const leader = found?.partitions[partition]?.leader
    const broker = leader === undefined ? undefined : metadata.brokers.get(leader)
    if (found === undefined || broker === undefined)
      throw new HubError('HUB_TOPIC_UNKNOWN', `Topic ${topic} has no partition ${partition} with a leader`)
    return { topicId: found.id, connection: await connect(client, broker) }
  }

  const attempt = async <T>(what: string, limitMs: number, action: () => Promise<T>): Promise<T> => {
    const limit = new AbortController()
    const silence = sleep(limitMs, undefined, { signal: limit.signal }).then(() => {
      replace()
      throw new HubError(
        'HUB_UNREACHABLE',
        `${what} on ${access.bootstrap} failed: no answer within ${limitMs / 1000} s`,
      )
    })
    silence.catch(() => undefined)
    try {
      return await Promise.race([action(), silence])
    } catch (error) {
      hasFailed = true
      if (isProtocolError(error, 'OFFSET_OUT_OF_RANGE'))
        throw new HubError('HUB_OFFSET_GONE', `${what} failed: the log does not contain that offset`, { cause: error })
      throw kafkaFailure(`${what} on ${access.bootstrap}`, error, 'HUB_UNREACHABLE')
    } finally {
      limit.abort()
    }
  }

  const offsetAt = async (timestamp: bigint, isolation: number): Promise<bigint> => {
    const { connection } = await locate(asking)
    const partitions = [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }]
    const { topics } = await listOffsetsV7.api.async(connection, -1, isolation, [{ name: topic, partitions }])
    const offset = topics[0]?.partitions[0]?.offset
    if (offset === undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `The broker knows no offsets of ${topic}`)
    return offset
  }

  const fetch = async (fetchOffset: bigint, waitMs: number): Promise<LogPage> => {
    const { topicId, connection } = await locate(fetching)
    const request = {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset,
      lastFetchedEpoch: -1,
      partitionMaxBytes: MAX_BYTES,
    }
    const { responses } = await fetchV13.api.async(
      connection,
      waitMs,
      1,
      MAX_BYTES,
      READ_COMMITTED,
      NO_SESSION.id,
      NO_SESSION.epoch,
      [{ topicId, partitions: [request] }],
      [],
      '',
    )
    const found = responses[0]?.partitions[0]
    // A broker that holds a client back for its quota answers with nothing at all.
    if (found === undefined) return { records: [], next: fetchOffset, end: fetchOffset + 1n, topicId }
    const end = found.lastStableOffset
    const batches = found.records ?? []
    const { records, next } = committedRecords(batches, found.abortedTransactions ?? [], fetchOffset)
    // Nothing between here and the end: all of it has been compacted away.
    return { records, next: batches.length === 0 && end > next ? end : next, end, topicId }
  }

  return {
    read: (from, waitMs) =>
      attempt(`Reading ${topic} at ${from}`, answerLimitMs + waitMs, async () =>
        fetch(from === 'earliest' ? await offsetAt(ListOffsetTimestamps.EARLIEST, READ_COMMITTED) : from, waitMs),
      ),
    end: () =>
      attempt(`Looking up the end of ${topic}`, answerLimitMs, () =>
        offsetAt(ListOffsetTimestamps.LATEST, READ_UNCOMMITTED),
      ),
    positionAt: when =>
      attempt(`Looking up a position of ${topic}`, answerLimitMs, async () => {
        const timestamp = when === 'earliest' ? ListOffsetTimestamps.EARLIEST : BigInt(when)
        const offset = await offsetAt(timestamp, READ_COMMITTED)
        return offset >= 0n ? offset : offsetAt(ListOffsetTimestamps.LATEST, READ_COMMITTED)
      }),
    close: async () => {
      await Promise.all([fetching.close(), asking.close()])
    },
  }
}
