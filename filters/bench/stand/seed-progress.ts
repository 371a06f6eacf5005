// Before a run: the progress topic says that the filters stand at the first packet of the topic, so that a worker begins with all of them there.
import { type BrokerAccess, openAdmin, openProducer } from '#hub'
import { topicOfFilter } from '../../manifest.ts'
import { NODE_TOPICS, nodeTopics } from '#mirrors'
import { filterKey, laneKey, PROGRESS_TOPIC } from '../../progress/keys.ts'
import { encodeLane } from '../../progress/records.ts'
import { liveLane } from '../../progress/lane-transitions.ts'
import { shardOf } from '../worker/bench-filters.ts'

export interface Start {
  readonly stream: string
  readonly partitions: number
  readonly schemaIds: readonly number[]
  readonly filters: readonly string[]
  readonly shards: number
  /** When what is stored begins: the lane has read up to there. */
  readonly startMs?: number
}

/** Makes the filters' topics and writes the records a worker would have left. */
export async function seedProgress(
  access: BrokerAccess,
  { stream, partitions, schemaIds, filters, shards, startMs = 0 }: Start,
): Promise<void> {
  const admin = openAdmin(access)
  await admin.createTopics(filters.map(filter => ({ name: topicOfFilter(filter), partitions: 1 })))
  await admin.close()
  const lane = liveLane(stream)
  const positions = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0n]))
  const records = filters.map((filter, i) => ({
    partition: shardOf(i, shards),
    key: filterKey(filter),
    value: JSON.stringify({ lane, version: 1, generation: 1, strikes: 0, cpuMs: 0 }),
  }))
  const newestMs = new Map([...positions.keys()].map(partition => [partition, startMs]))
  const laneRecord = encodeLane({ stream, positions, schemas: [...schemaIds], newestMs })
  const laneRecords = Array.from({ length: shards }, (_, partition) => ({
    partition,
    key: laneKey(lane),
    value: laneRecord,
  }))
  await write(access, [...records, ...laneRecords])
}

/** Makes the topics of a node with so many shards anew, and removes the filters' topics. */
export async function clearTopics(access: BrokerAccess, filters: readonly string[], shards: number): Promise<void> {
  const admin = openAdmin(access)
  await admin.deleteTopics([NODE_TOPICS.progress, NODE_TOPICS.shards, ...filters.map(topicOfFilter)])
  await admin.createTopics(nodeTopics({ alertTopics: [], shards }))
  await admin.close()
}

async function write(
  access: BrokerAccess,
  records: readonly { readonly partition: number; readonly key: string; readonly value: string }[],
): Promise<void> {
  const producer = await openProducer(access, { clientId: 'bench' })
  await producer.send(records.map(record => ({ topic: PROGRESS_TOPIC, ...record })))
  await producer.close()
}
