// For tests: a topic of its own on a real broker, written by transactional and plain producers, and a reader that checks the feed's promise.
import { randomBytes } from 'node:crypto'
import { type CompressionTypes, type Producer, type Transaction } from 'kafkajs'
import { type BrokerAccess, openKafka } from '#hub'
import { type Feed, type FeedItem, type FeedPacket } from './feed.ts'

/** A topic with a random name and a way to write to it. */
export const openAlertTopic = async (access: BrokerAccess, partitions = 1) => {
  const topic = `test.feed.${randomBytes(5).toString('hex')}`
  const kafka = openKafka(access, 'test-feed')
  const admin = kafka.admin()
  const producers: Producer[] = []
  await admin.connect()
  const configEntries = [{ name: 'max.message.bytes', value: String(16 * 1024 * 1024) }]
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
  const connected = async (producer: Producer): Promise<Producer> => {
    producers.push(producer)
    await producer.connect()
    return producer
  }
  const plain = await connected(kafka.producer())
  return {
    topic,
    admin,
    /** Makes the topic larger and returns once a new client can write to the new partition. */
    addPartition: async (value: string) => {
      const partition = partitions++
      await admin.createPartitions({ topicPartitions: [{ topic, count: partition + 1 }] })
      const producer = await connected(kafka.producer())
      await producer.send({ topic, messages: [{ partition, value }] })
    },
    /** Deletes the records before `offset`, as retention does. */
    deleteBefore: async (offset: bigint, partition = 0) => {
      // kafkajs looks the leader up in metadata that this call brings.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: offset.toString() }] })
    },
    /** Waits until the partition ends at `offset`: markers are written a moment after a transaction's end is answered. */
    ended: async (offset: bigint, partition = 0) => {
      for (;;) {
        const ends = await admin.fetchTopicOffsets(topic)
        if (BigInt(ends.find(end => end.partition === partition)?.high ?? -1) >= offset) return
      }
    },
    /** Sends values to one partition as one batch. */
    send: async (
      partition: number,
      values: readonly (string | Buffer)[],
      compression?: CompressionTypes,
      to: string = topic,
    ) => {
      const messages = values.map(value => ({ partition, value, headers: { made: 'here' } }))
      await plain.send({ topic: to, messages, ...(compression === undefined ? {} : { compression }) })
    },
    /** A transactional producer of its own, for transactions that overlap. */
    openTransactions: async () => {
      const transactionalId = `${topic}.${randomBytes(3).toString('hex')}`
      const producer = await connected(kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 }))
      return (): Promise<Transaction> => producer.transaction()
    },
    close: async () => {
      await Promise.all([admin.disconnect(), ...producers.map(producer => producer.disconnect())])
    },
  }
}

export type AlertTopic = Awaited<ReturnType<typeof openAlertTopic>>

/**
 * Takes items until `isEnough`, releasing each batch, and checks that each begins where the one before it ended.
 */
export const takeUntil = async (feed: Feed, isEnough: (items: readonly FeedItem[]) => boolean): Promise<FeedItem[]> => {
  const items: FeedItem[] = []
  const next = new Map(feed.starts)
  for await (const item of feed) {
    const [from, to] = item.kind === 'gap' ? [item.from, item.to] : [item.firstOffset, item.nextOffset]
    if (from !== (next.get(item.partition) ?? 0n)) throw new Error(`A jump to ${from} from ${next.get(item.partition)}`)
    next.set(item.partition, to)
    items.push(item)
    if (item.kind === 'batch') item.release()
    if (isEnough(items)) break
  }
  return items
}

/** All packets of the items, in order. */
export const packetsOf = (items: readonly FeedItem[]): FeedPacket[] =>
  items.flatMap(item => (item.kind === 'batch' ? [...item.packets] : []))

/** The packets' values as text. */
export const textsOf = (items: readonly FeedItem[]): string[] => packetsOf(items).map(({ value }) => value.toString())
