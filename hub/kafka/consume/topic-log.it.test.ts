import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, inject, test } from 'vitest'
import { openAdmin } from '../admin/open-admin.ts'
import { openProducer } from '../produce/producer.ts'
import { openTopicLog, type TopicLog } from './topic-log.ts'

const { hub } = inject('kafka')
const LIMITS = { maxWaitMs: 100, minBytes: 1, maxBytes: 1_000_000, maxBytesPerPartition: 1_000_000 }
const open: TopicLog[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(log => log.close()))
})

const openLog = (topic: string, access = hub): TopicLog => {
  const log = openTopicLog(access, { clientId: 'test', topic })
  open.push(log)
  return log
}

async function newTopic(): Promise<string> {
  const topic = `test.log.${randomBytes(4).toString('hex')}`
  const admin = openAdmin(hub)
  await admin.createTopics([{ name: topic, partitions: 2 }])
  await admin.close()
  const producer = await openProducer(hub, { clientId: 'test' })
  await producer.send([0, 1].map(partition => ({ topic, partition, value: `in ${partition}` })))
  await producer.close()
  return topic
}

test('a position that the log does not have is said of its partition, and the other’s records come', async () => {
  const log = openLog(await newTopic())
  const { leaders } = await log.place()
  const found = await log.fetch(
    leaders.get(0) ?? -1,
    new Map([
      [0, 99n],
      [1, 0n],
    ]),
    LIMITS,
  )
  const [ahead, other] = found.toSorted((a, b) => a.partition - b.partition)
  expect(ahead).toMatchObject({ partition: 0, isOutOfRange: true, batches: [] })
  expect(other).toMatchObject({ partition: 1, isOutOfRange: false, highWatermark: 1n })
  expect(other?.batches[0]?.records[0]?.value?.toString()).toBe('in 1')
})

test('a topic that does not exist, a partition that it lacks, and a wrong password are told apart', async () => {
  const topic = await newTopic()
  await expect(openLog('test.log.nowhere').place()).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
  await expect(openLog(topic).offsets('latest', [7])).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
  const stranger = openLog(topic, { ...hub, password: 'not-it' })
  await expect(stranger.place()).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
})

test('a broker that does not answer is one that may answer later', async () => {
  const log = openLog(await newTopic(), { ...hub, bootstrap: '127.0.0.1:1' })
  await expect(log.place()).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' })
})

test('where the first of several brokers takes connections and never answers, the next one is asked', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer(socket => void sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
  try {
    await once(silent, 'listening')
    const bootstrap = `127.0.0.1:${(silent.address() as AddressInfo).port},${hub.bootstrap}`
    const timeouts = { connectMs: 1000, requestMs: 1500 }
    const log = openLog(await newTopic(), { ...hub, bootstrap, timeouts })
    const partitions = (): Promise<number | undefined> =>
      log.place().then(
        ({ leaders }) => leaders.size,
        () => undefined,
      )
    await expect.poll(partitions, { timeout: 20_000 }).toBe(2)
  } finally {
    for (const socket of sockets) socket.destroy()
    silent.close()
  }
})
