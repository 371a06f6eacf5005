// npm run bench -- feed [packets]: packets a second and CPU of a packet through the feed, beside kafkajs' own consumer in the same run.
// A broker of its own; packets of 110 KB in 4 partitions; each reader is a process of its own and reads the topic twice.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { type BrokerAccess, openAdmin, openKafka, openProducer, startBroker } from '#hub'
import { openFeed } from '../feed/open-feed.ts'

const KB = 1024
const PACKET_BYTES = 110 * KB
const PARTITIONS = 4
const TOPIC = 'bench-feed'
const SENT_AT_ONCE = 64
/** Freed response buffers are used again instead of unmapped; a worker is started with the same. */
const MALLOC =
  'glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=67108864'

interface Task {
  readonly reader: keyof typeof READERS
  readonly access: BrokerAccess
  readonly packets: number
}
interface Result {
  readonly packetsPerSecond: number
  readonly cpuMsPerPacket: number
  readonly rssMb: number
}

/** Each resolves when it has seen `packets` packets. */
const READERS = {
  feed: async (access: BrokerAccess, packets: number): Promise<void> => {
    const { signal } = new AbortController()
    const feed = await openFeed({ access, topic: TOPIC, clientId: 'bench', from: 'earliest', signal })
    let seen = 0
    for await (const item of feed) {
      if (item.kind === 'gap') throw new Error('The topic lost packets while it was read; give the disk more room')
      seen += item.packets.length
      item.release()
      if (seen >= packets) return
    }
  },
  eachBatch: async (access: BrokerAccess, packets: number): Promise<void> => {
    const kafka = openKafka(access, 'bench')
    const groupId = `bench.${randomBytes(4).toString('hex')}`
    const maxBytesPerPartition = 4 * KB * KB
    const consumer = kafka.consumer({ groupId, maxBytesPerPartition, maxBytes: PARTITIONS * maxBytesPerPartition })
    const { promise, resolve } = Promise.withResolvers<void>()
    let seen = 0
    await consumer.connect()
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: PARTITIONS,
      eachBatch: async ({ batch }) => {
        seen += batch.messages.length
        if (seen >= packets) resolve()
      },
    })
    await promise
    await consumer.disconnect()
  },
}

const measure = async ({ reader, access, packets }: Task): Promise<Result> => {
  await READERS[reader](access, packets)
  const before = process.cpuUsage()
  const start = performance.now()
  await READERS[reader](access, packets)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  return {
    packetsPerSecond: Math.round(packets / seconds),
    cpuMsPerPacket: Math.round((user + system) / packets) / 1000,
    rssMb: Math.round(process.memoryUsage.rss() / KB / KB),
  }
}

const inChild = (task: Task, env: NodeJS.ProcessEnv): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ['--reader'], { env: { ...process.env, ...env } })
    child.once('message', message => resolve(message as Result))
    child.once('exit', code => reject(new Error(`the reader ended with ${code}`)))
    child.send(task)
  })

const fill = async (access: BrokerAccess, packets: number): Promise<void> => {
  const admin = openAdmin(access)
  await admin.createTopics([{ name: TOPIC, partitions: PARTITIONS, configs: { 'retention.bytes': -1 } }])
  await admin.close()
  const producer = await openProducer(access, { clientId: 'bench' })
  const body = randomBytes(2 * PACKET_BYTES)
  for (let sent = 0; sent < packets; sent += SENT_AT_ONCE)
    await producer.send(
      Array.from({ length: Math.min(SENT_AT_ONCE, packets - sent) }, (_, at) => ({
        topic: TOPIC,
        partition: (sent / SENT_AT_ONCE) % PARTITIONS,
        value: body.subarray(at, at + PACKET_BYTES),
      })),
    )
  await producer.close()
}

const main = async (packets: number): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-'))
  const broker = await startBroker({
    name: 'bench',
    dir,
    libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
  })
  try {
    await fill(broker.access, packets)
    const task = { access: broker.access, packets }
    const results = {
      feed: await inChild({ ...task, reader: 'feed' }, { GLIBC_TUNABLES: MALLOC }),
      feedPlainMalloc: await inChild({ ...task, reader: 'feed' }, {}),
      kafkajsEachBatch: await inChild({ ...task, reader: 'eachBatch' }, {}),
    }
    const cpu = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`
    const ratio = results.kafkajsEachBatch.cpuMsPerPacket / results.feed.cpuMsPerPacket
    const settings = { cpu, node: process.version, packets, packetBytes: PACKET_BYTES, partitions: PARTITIONS }
    console.log(JSON.stringify({ ...settings, ...results, cpuRatioToEachBatch: Math.round(ratio * 100) / 100 }))
  } finally {
    await broker.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

if (process.argv[2] === '--reader')
  process.once('message', message => {
    void measure(message as Task).then(result => process.send?.(result, () => process.exit(0)))
  })
else await main(Number(process.argv[2] ?? 10_000))
