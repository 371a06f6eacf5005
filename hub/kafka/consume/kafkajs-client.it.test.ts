import { randomBytes } from 'node:crypto'
import kafkajs, { type CompressionTypes, type Kafka } from 'kafkajs'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { openKafka } from './kafkajs-client.ts'

const { CompressionTypes: Types } = kafkajs
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

const newTopic = async (kafka: Kafka, partitions = 1): Promise<string> => {
  const topic = `test.client.${randomBytes(4).toString('hex')}`
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  return topic
}

const produce = async (
  kafka: Kafka,
  topic: string,
  values: readonly Buffer[],
  compression: CompressionTypes,
): Promise<void> => {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, compression, messages: values.map(value => ({ value })) })
  await producer.disconnect()
}

const consume = async (kafka: Kafka, topic: string, count: number): Promise<Buffer[]> => {
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 })
  const values: Buffer[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.connect()
  closers.push(() => consumer.disconnect())
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value!)
      if (values.length === count) resolve()
    },
  })
  await promise
  return values
}

// Compressible and not, small and larger than a read buffer.
const VALUES = [
  Buffer.from('small'),
  Buffer.alloc(300_000, 'text'),
  randomBytes(700_000),
  Buffer.alloc(0),
  randomBytes(9),
]

describe('a kafkajs client', () => {
  test.each([
    ['nothing', Types.None],
    ['gzip', Types.GZIP],
    ['snappy', Types.Snappy],
    ['lz4', Types.LZ4],
    ['zstd', Types.ZSTD],
  ])('reads what was compressed with %s, byte for byte', async (_name, compression) => {
    const client = openKafka(inject('kafka').hub, 'test')
    const topic = await newTopic(client)
    await produce(client, topic, VALUES, compression)
    expect(await consume(client, topic, VALUES.length)).toEqual(VALUES)
  })

  test('is refused with a wrong password', async () => {
    const admin = openKafka({ ...inject('kafka').hub, password: 'not-it' }, 'test').admin()
    await expect(admin.connect()).rejects.toThrow(/authentication/i)
  })
})
