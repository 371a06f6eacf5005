// Before a run: the progress topic says that the filters stand at the first packet of the topic, so that a worker begins with all of them there.
import { type BrokerAccess, openAdmin, openLogReader, openProducer } from '#hub'
import { topicOfFilter } from '../manifest.ts'
import { filterKey, laneKey, PROGRESS_TOPIC } from '../progress/keys.ts'
import { encodeLane } from '../progress/records.ts'
import { liveLane } from '../progress/transitions.ts'

export interface Start {
  readonly stream: string
  readonly partitions: number
  readonly schemaIds: readonly number[]
  readonly filters: readonly string[]
}

/** Makes the filters' topics and writes the records a worker would have left. */
export async function seed(access: BrokerAccess, { stream, partitions, schemaIds, filters }: Start): Promise<void> {
  const admin = openAdmin(access)
  await admin.createTopics(filters.map(filter => ({ name: topicOfFilter(filter), partitions: 1 })))
  await admin.close()
  const lane = liveLane(stream)
  const positions = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0n]))
  const records = filters.map(filter => ({
    key: filterKey(filter),
    value: JSON.stringify({ lane, version: 1, generation: 1, strikes: 0, cpuMs: 0 }),
  }))
  const laneRecord = encodeLane({ stream, positions, schemas: [...schemaIds], newestMs: new Map() })
  await write(access, [...records, { key: laneKey(lane), value: laneRecord }])
}

/** Removes everything the progress topic has, and the filters' topics. */
export async function clear(access: BrokerAccess, filters: readonly string[]): Promise<void> {
  const reader = openLogReader(access, { clientId: 'bench', topic: PROGRESS_TOPIC })
  const keys = new Set<string>()
  const end = await reader.end()
  let from: bigint | 'earliest' = 'earliest'
  while (from === 'earliest' || from < end) {
    const page = await reader.read(from, 100)
    for (const { key } of page.records) if (key !== null) keys.add(key.toString())
    from = page.next
  }
  await reader.close()
  await write(
    access,
    [...keys].map(key => ({ key, value: null })),
  )
  const admin = openAdmin(access)
  await admin.deleteTopics(filters.map(topicOfFilter))
  await admin.close()
}

async function write(
  access: BrokerAccess,
  records: readonly { readonly key: string; readonly value: string | null }[],
): Promise<void> {
  const producer = await openProducer(access, { clientId: 'bench' })
  await producer.send(records.map(record => ({ topic: PROGRESS_TOPIC, partition: 0, ...record })))
  await producer.close()
}
