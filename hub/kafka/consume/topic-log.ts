// The log of a topic, read at positions that the caller keeps: who leads its partitions, where they begin and end, and what lies at a position. Over
// @platformatic/kafka's requests; a consumer group cannot do this: it resets to a default where a position is lost, and hides what was aborted.
import {
  Base,
  type Broker,
  FetchIsolationLevels,
  GenericError,
  ListOffsetTimestamps,
  listOffsetsV7,
  ResponseError,
} from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type OffsetQuery } from '../admin/offsets.ts'
import { type BrokerAccess, timeoutsOf } from '../broker-access.ts'
import { isProtocolError, kafkaFailure } from '../client-errors.ts'
import { patchConnections } from '../library-patches/platformatic-connections.ts'
import { platformaticLogin } from '../login-settings.ts'
import { type AbortedTransaction, type FetchedBatch } from './committed-records.ts'
import { type Fetched, type FetchConnection, openFetchConnection } from './fetch-connection.ts'

export interface TopicLogOptions {
  readonly clientId: string
  readonly topic: string
  /** How long a broker may take to answer, besides what it was told to wait; by default as for any request (`BrokerTimeouts`). */
  readonly answerMs?: number
}

/** How much one fetch may bring, and how long the broker may wait for it. */
export interface FetchLimits {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxBytesPerPartition: number
}

/** One partition of an answer. */
export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  /** The log has no such offset: retention took it, or it lies behind the end. There is nothing else in the answer then. */
  readonly isOutOfRange: boolean
  /** The end, open transactions included. */
  readonly highWatermark: bigint
  /** The end of what is committed. */
  readonly lastStableOffset: bigint
  /** Control and aborted records too; the first batch may begin before the offset that was asked for. */
  readonly batches: readonly FetchedBatch[]
  readonly abortedTransactions: readonly AbortedTransaction[]
}

/** What is known of a topic, at most 5 s old; asked for anew after a failure. */
interface TopicPlace {
  /** A topic made anew under its old name has another identity. */
  readonly id: string
  /** The broker that leads each partition; negative where none does. */
  readonly leaders: ReadonlyMap<number, number>
}

/** Every call throws HubError: HUB_NOT_AUTHORIZED, HUB_TOPIC_UNKNOWN, HUB_CODEC for records that cannot be taken apart; after HUB_UNREACHABLE the next may work. */
export interface TopicLog {
  place: () => Promise<TopicPlace>
  /** Offsets that answer the question: `latest` is the end of what is committed (of the log, with `uncommitted`), and the answer to a time after the last record. */
  offsets: (
    question: OffsetQuery,
    partitions: readonly number[],
    isolation?: 'committed' | 'uncommitted',
  ) => Promise<ReadonlyMap<number, bigint>>
  /** One read_committed request to one broker, for partitions that it leads. Partitions come back in any order. */
  fetch: (
    leader: number,
    positions: ReadonlyMap<number, bigint>,
    limits: FetchLimits,
  ) => Promise<readonly FetchedPartition[]>
  close: () => Promise<void>
}

const METADATA_MAX_AGE_MS = 5000
/** Few and short: whoever reads tries again, and wants to notice a stop. */
const RETRIES = 3
const RETRY_DELAY_MS = 50
/** Time to log in, to ask who leads, and to ask that one, on a busy machine too, where a request may take less. */
const SETTLED_MS = 8000
/** Longer than any answer is waited for; a broker without one is given up before. */
const REQUEST_LIMIT_MS = 120_000
const OUT_OF_RANGE = 1
/** No fetch session: each request stands alone. */
const NO_SESSION = { id: 0, epoch: -1 }

const timestampOf = (question: OffsetQuery): bigint => {
  if (question === 'earliest') return ListOffsetTimestamps.EARLIEST
  return question === 'latest' ? ListOffsetTimestamps.LATEST : BigInt(question.timestampMs)
}

/** An answer in which nothing is wrong but positions is one; an error that is none of the library's comes from taking records apart. */
function answerIn(error: unknown, topic: string): Fetched {
  if (error instanceof ResponseError && error.errors.every(one => isProtocolError(one, 'OFFSET_OUT_OF_RANGE')))
    return Reflect.get(error, 'response') as Fetched
  const isCorrupt = !(error instanceof Error && GenericError.isGenericError(error)) || CORRUPT.has(error.code)
  if (!isCorrupt) throw error
  throw new HubError('HUB_CODEC', `Records of ${topic} cannot be taken apart: ${String(error)}`, { cause: error })
}
const CORRUPT = new Set(['PLT_KFK_UNSUPPORTED_COMPRESSION', 'PLT_KFK_OUT_OF_BOUNDS'])

/** Opens a topic's log. Connects with the first call; after a failure the next one starts afresh. */
export const openTopicLog = (access: BrokerAccess, { clientId, topic, answerMs }: TopicLogOptions): TopicLog => {
  patchConnections()
  const { connectMs, requestMs } = timeoutsOf(access)
  const answerLimitMs = answerMs ?? Math.max(requestMs, Math.min(SETTLED_MS, connectMs + 2 * requestMs))
  let bootstrap = access.bootstrap.split(',')
  const open = (): Base =>
    new Base({
      clientId,
      ...platformaticLogin({ ...access, bootstrap: bootstrap.join(',') }),
      requestTimeout: REQUEST_LIMIT_MS,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
    })
  // A broker answers one connection's requests in order: a question must not wait behind a fetch that waits.
  let asking = open()
  /** By broker. */
  const fetching = new Map<number, FetchConnection>()
  let isStale = false
  let isClosed = false

  const disconnect = async (): Promise<void> => {
    for (const connection of fetching.values()) connection.close()
    fetching.clear()
    await asking.close()
  }
  /** A new client asks the brokers in the order of their addresses, twice; were the first one silent, each would wait for it until it is given up itself. */
  const replace = (): void => {
    void disconnect().catch(() => undefined)
    bootstrap = [...bootstrap.slice(1), ...bootstrap.slice(0, 1)]
    asking = open()
  }

  /** A broker that is silent for too long is asked by other clients the next time, as the connection may be what is dead. */
  const attempt = async <T>(what: string, limitMs: number, action: () => Promise<T>): Promise<T> => {
    const used = asking
    const { promise: silence, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      if (asking === used) replace()
      const message = `${what} on ${access.bootstrap} failed: no answer within ${limitMs / 1000} s`
      reject(new HubError('HUB_UNREACHABLE', message))
    }, limitMs)
    try {
      return await Promise.race([action(), silence])
    } catch (error) {
      isStale = true
      throw kafkaFailure(`${what} on ${access.bootstrap}`, error, 'HUB_UNREACHABLE')
    } finally {
      clearTimeout(timer)
    }
  }

  const locate = async () => {
    const { topics, brokers } = await asking.metadata({ topics: [topic], forceUpdate: isStale })
    isStale = false
    const found = topics.get(topic)
    if (found === undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `Topic ${topic} does not exist`)
    return { id: found.id, leaders: new Map(found.partitions.map(({ leader }, at) => [at, leader])), brokers }
  }
  const brokerOf = (leader: number, { brokers }: Awaited<ReturnType<typeof locate>>): Broker => {
    const broker = brokers.get(leader)
    if (broker === undefined) throw new HubError('HUB_UNREACHABLE', `The cluster has no broker ${leader} now`)
    return broker
  }
  const fetchFrom = (leader: number, broker: Broker): FetchConnection => {
    if (isClosed) throw new HubError('HUB_UNREACHABLE', `The reader of ${topic} is closed`)
    const known = fetching.get(leader)
    if (known?.isUsable === true) return known
    known?.close()
    const opened = openFetchConnection(access, clientId, broker)
    fetching.set(leader, opened)
    return opened
  }

  const ask = async (timestamp: bigint, asked: readonly number[], isolation: number): Promise<[number, bigint][]> => {
    const located = await locate()
    const strange = asked.find(partition => !located.leaders.has(partition))
    if (strange !== undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `Topic ${topic} has no partition ${strange}`)
    const found: [number, bigint][] = []
    for (const [leader, mine] of Map.groupBy(asked, partition => located.leaders.get(partition) ?? -1)) {
      const connection = await asking.connections.get(brokerOf(leader, located))
      const partitions = mine.map(partitionIndex => ({ partitionIndex, currentLeaderEpoch: -1, timestamp }))
      const answer = await listOffsetsV7.api.async(connection, -1, isolation, [{ name: topic, partitions }])
      for (const { partitionIndex, offset } of answer.topics[0]?.partitions ?? []) found.push([partitionIndex, offset])
    }
    return found
  }
  const offsets: TopicLog['offsets'] = (question, partitions, isolation = 'committed') =>
    attempt(`Looking up offsets of ${topic}`, answerLimitMs, async () => {
      const level =
        isolation === 'committed' ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED
      const found = await ask(timestampOf(question), partitions, level)
      const none = found.filter(([, offset]) => offset < 0n).map(([partition]) => partition)
      return new Map([...found, ...(await ask(ListOffsetTimestamps.LATEST, none, level))])
    })

  const fetch: TopicLog['fetch'] = (leader, positions, { maxWaitMs, minBytes, maxBytes, maxBytesPerPartition }) =>
    attempt(`Reading ${topic}`, answerLimitMs + maxWaitMs, async () => {
      const located = await locate()
      const connection = fetchFrom(leader, brokerOf(leader, located))
      const partitions = [...positions].map(([partition, fetchOffset]) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset,
        lastFetchedEpoch: -1,
        partitionMaxBytes: maxBytesPerPartition,
      }))
      const topics = [{ topicId: located.id, partitions }]
      const { id, epoch } = NO_SESSION
      const { responses } = await connection
        .fetch(maxWaitMs, minBytes, maxBytes, FetchIsolationLevels.READ_COMMITTED, id, epoch, topics, [], '')
        .catch((error: unknown) => answerIn(error, topic))
      return responses.flatMap(({ topicId, partitions: found }) => found.map(one => fetchedOf(topicId, one)))
    })

  const close = (): Promise<void> => {
    isClosed = true
    return disconnect()
  }
  return { place: () => attempt(`Looking up ${topic}`, answerLimitMs, locate), offsets, fetch, close }
}

const fetchedOf = (topicId: string, answer: Fetched['responses'][number]['partitions'][number]): FetchedPartition => ({
  topicId,
  partition: answer.partitionIndex,
  isOutOfRange: answer.errorCode === OUT_OF_RANGE,
  highWatermark: answer.highWatermark,
  lastStableOffset: answer.lastStableOffset,
  batches: answer.records ?? [],
  abortedTransactions: answer.abortedTransactions ?? [],
})
