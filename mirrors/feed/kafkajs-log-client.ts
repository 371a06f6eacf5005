// Reads a topic's log at positions kept by the caller, through kafkajs' connections. A consumer group cannot do this: it resets to a
// default where a position is lost, rebalances, and hides which records of a response were aborted. The one file of this folder that
// reaches into kafkajs: exactly version 2.2.4, checked when it opens; the integration tests beside it prove it against a real broker.
import { createRequire } from 'node:module'
import { type BrokerAccess, openKafka } from '#hub'
import { MirrorError } from '../errors.ts'
import { type FetchedPartition } from './contiguous-batches.ts'

const VERSION = '2.2.4'
const READ_COMMITTED = 1
/** Leaders and partitions are asked for anew this often (one small request); at once after an error. */
const METADATA_MAX_AGE_MS = 5000
/** Few and short: the reading loop tries again itself, and wants to notice a stop. */
const RETRY = { initialRetryTime: 20, factor: 0, multiplier: 2, maxRetryTime: 200, retries: 3 }

/** What is used of kafkajs' Cluster and Broker. */
interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  removeBroker(address: { readonly host: string; readonly port: number }): void
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[]
  findBroker(node: { readonly nodeId: number }): Promise<Broker>
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number }[]
      readonly fromBeginning?: boolean
      readonly fromTimestamp?: number
    }[],
  ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>
}
interface Broker {
  fetch(request: {
    readonly isolationLevel: number
    readonly maxWaitTime: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[]
    }[]
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>
}
type CreateCluster = (options: {
  metadataMaxAge: number
  allowAutoTopicCreation: boolean
  isolationLevel: number
}) => Cluster

const require = createRequire(import.meta.url)

const createCluster = (access: BrokerAccess, clientId: string): Cluster => {
  const kafka = openKafka(access, clientId, { retry: RETRY })
  const { version } = require('kafkajs/package.json') as { version: string }
  const key = Object.getOwnPropertySymbols(kafka).find(({ description }) => description?.endsWith(':createCluster'))
  const create = key === undefined ? undefined : (Reflect.get(kafka, key) as CreateCluster)
  if (version !== VERSION || create === undefined)
    throw new MirrorError(
      'MIRROR_FEED_READ',
      `The feed reads through kafkajs ${VERSION}, and ${version} is installed; install the locked version (npm ci)`,
    )
  return create({
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
  })
}

/** How much one fetch may bring, and how long the broker may wait for it. */
export interface FetchLimits {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxBytesPerPartition: number
}

/** Where a partition is asked for: its two ends or the first record not older than a time. */
export type OffsetQuestion = 'earliest' | 'latest' | { readonly timestampMs: number }

/** The log of one topic. Every call throws kafkajs' errors; after one, `recover`. */
export interface LogClient {
  /** The leader of each partition, from metadata at most 5 s old. */
  leaders(): Promise<ReadonlyMap<number, number>>
  /**
   * Offsets that answer the question; `latest` is the end of what is committed. A time after the last record is answered by `latest`.
   */
  offsets(question: OffsetQuestion, partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>
  /** One read_committed request to one broker, for partitions that it leads. Partitions come back in any order. */
  fetch(
    nodeId: number,
    positions: ReadonlyMap<number, bigint>,
    limits: FetchLimits,
  ): Promise<readonly FetchedPartition[]>
  /** Forgets what an error has made doubtful (connection, leaders). Never throws. */
  recover(error: unknown): Promise<void>
  close(): Promise<void>
}

/** Connects to the broker and learns the topic's partitions. Throws kafkajs' errors. */
export const openLogClient = async (access: BrokerAccess, clientId: string, topic: string): Promise<LogClient> => {
  const cluster = createCluster(access, clientId)
  const offsets: LogClient['offsets'] = async (question, partitions) => {
    if (partitions.length === 0) return new Map()
    await cluster.refreshMetadataIfNecessary()
    const when =
      typeof question === 'object'
        ? { fromTimestamp: question.timestampMs }
        : { fromBeginning: question === 'earliest' }
    const answers = await cluster.fetchTopicsOffset([
      { topic, partitions: partitions.map(partition => ({ partition })), ...when },
    ])
    const found = answers.flatMap(answer =>
      answer.partitions.map(({ partition, offset }) => [partition, BigInt(offset)] as const),
    )
    const none = found.filter(([, offset]) => offset < 0n).map(([partition]) => partition)
    return new Map([...found, ...(await offsets('latest', none))])
  }
  const client: LogClient = {
    leaders: async () => {
      await cluster.refreshMetadataIfNecessary()
      return new Map(
        cluster
          .findTopicPartitionMetadata(topic)
          .map(({ partitionId, leader }) => [partitionId, leader] as const)
          .toSorted(([a], [b]) => a - b),
      )
    },
    offsets,
    fetch: async (nodeId, positions, { maxWaitMs, minBytes, maxBytes, maxBytesPerPartition }) => {
      const broker = await cluster.findBroker({ nodeId })
      const partitions = [...positions].map(([partition, offset]) => ({
        partition,
        fetchOffset: offset.toString(),
        maxBytes: maxBytesPerPartition,
      }))
      const { responses } = await broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime: maxWaitMs,
        minBytes,
        maxBytes,
        topics: [{ topic, partitions }],
      })
      return responses.flatMap(response => response.partitions)
    },
    recover: async error => {
      const { host, port } = error as { host?: unknown; port?: unknown }
      if (typeof host === 'string' && typeof port === 'number') cluster.removeBroker({ host, port })
      try {
        await cluster.refreshMetadata()
      } catch {
        // The next attempt says what is wrong.
      }
    },
    close: () => cluster.disconnect(),
  }
  try {
    await cluster.connect()
    await cluster.addTargetTopic(topic)
    return client
  } catch (error) {
    await cluster.disconnect().catch(() => undefined)
    throw error
  }
}
