// npm run bench -- fullstream [--readers 5] [--stored 10000] [--seconds 30] [--partitions 8]: readers of the whole stream at once, each a
// user of its own: stock Python clients against as many of Kafka's own perf consumers on the same stored topic (MB/s, all together,
// from the first subscription to the last message), then the Python ones live at 270 alerts/s (seconds from the producer's timestamp).
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type BrokerAccess, openAdmin, openProducer, openSyntheticSource, startBroker } from '#hub'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'
import { CACHE_DIR } from '../paths.ts'
import { type Reading, readWithPerfTool, readWithPython } from './readers/full-stream-readers.ts'

const PER_SECOND = 270
const DISTINCT = 300
const BATCH = 50
const MB = 1_000_000
const LIMIT_S = 60
const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '5' },
    stored: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '30' },
    partitions: { type: 'string', default: '8' },
    'port-base': { type: 'string', default: '36000' },
  },
})
const [count, stored, seconds] = [Number(values.readers), Number(values.stored), Number(values.seconds)]
const partitions = Number(values.partitions)
const note = (text: string): void => void process.stderr.write(`${text}\n`)
const secret = (): string => randomBytes(12).toString('hex')

const dir = await mkdtemp(join(tmpdir(), 'skysieve-fullstream-'))
const libs = kafkaJarsIn(CACHE_DIR)
const base = Number(values['port-base'])
const broker = await startBroker({
  name: 'hub',
  dir: join(dir, 'hub'),
  libs,
  ports: { client: base, controller: base + 1 },
  secrets: { admin: secret(), broker: secret() },
})
try {
  const admin = openAdmin(broker.access)
  for (const topic of ['stored', 'live'])
    await admin.createTopics([
      { name: topic, partitions, configs: { 'max.message.bytes': 10_485_760, 'retention.bytes': -1 } },
    ])
  const newReaders = async (stem: string): Promise<BrokerAccess[]> => {
    const readers: BrokerAccess[] = []
    for (let number = 1; number <= count; number += 1) {
      const [user, password] = [`${stem}${number}`, secret()]
      await admin.upsertUser(user, password)
      await admin.grant([
        { user, resource: 'topic', name: 'stored', operations: ['read'] },
        { user, resource: 'topic', name: 'live', operations: ['read'] },
        { user, resource: 'group', name: user, operations: ['all'] },
      ])
      readers.push({ bootstrap: broker.access.bootstrap, user, password })
    }
    return readers
  }

  const source = openSyntheticSource()
  const packets = Array.from({ length: DISTINCT }, (_, number) => source.packet(1, number).packet)
  const producer = await openProducer(broker.access, { clientId: 'bench' })
  const send = (topic: string, from: number, to: number): Promise<void> =>
    producer.send(
      Array.from({ length: to - from }, (_, at) => ({
        topic,
        partition: (from + at) % partitions,
        value: packets[(from + at) % DISTINCT] ?? Buffer.alloc(0),
      })),
    )
  for (let at = 0; at < stored; at += BATCH) await send('stored', at, Math.min(stored, at + BATCH))
  note(`stored ${stored} packets`)

  const plan = { topic: 'stored', messages: stored, from: 'earliest', limit: LIMIT_S } as const
  const rateOf = (readings: readonly Reading[]): number => {
    const bytes = readings.reduce((sum, reading) => sum + reading.bytes, 0)
    const wall = Math.max(...readings.map(({ ended }) => ended)) - Math.min(...readings.map(({ begun }) => begun))
    return Number((bytes / MB / wall).toFixed(1))
  }
  const python = await Promise.all((await newReaders('py')).map(access => readWithPython(access, plan).result))
  note(`${count} Python readers: ${rateOf(python)} MB/s`)
  const tools = await newReaders('perf')
  const perf = await Promise.all(tools.map(access => readWithPerfTool(access, plan, { libs, dir })))
  note(`${count} perf consumers: ${rateOf(perf)} MB/s`)

  const messages = PER_SECOND * seconds
  const live = (await newReaders('live')).map(access =>
    readWithPython(access, { topic: 'live', messages, from: 'latest', limit: seconds + LIMIT_S }),
  )
  await Promise.all(live.map(({ assigned }) => assigned))
  // Positions of a reader that begins at the end are looked up after it is assigned.
  await sleep(2000)
  const step = 9
  const begunMs = performance.now()
  for (let at = 0; at < messages; at += step) {
    await sleep(Math.max(0, begunMs + (at / PER_SECOND) * 1000 - performance.now()))
    await send('live', at, Math.min(messages, at + step))
  }
  const sentSeconds = (performance.now() - begunMs) / 1000
  const readings = await Promise.all(live.map(({ result }) => result))
  const worst = (key: 'p50' | 'p99' | 'max'): number =>
    Number(Math.max(...readings.map(one => one[key] ?? NaN)).toFixed(3))
  await producer.close()
  await admin.close()
  const result = {
    fullStreamMbPerSecond: rateOf(python),
    perfToolMbPerSecond: rateOf(perf),
    ratio: Number((rateOf(python) / rateOf(perf)).toFixed(2)),
    live: {
      alertsPerSecond: Number((messages / sentSeconds).toFixed(1)),
      complete: readings.every(one => one.messages === messages),
      // Of the slowest reader.
      p50Seconds: worst('p50'),
      p99Seconds: worst('p99'),
      maxSeconds: worst('max'),
      cpuPerReader: Number((readings.reduce((sum, one) => sum + one.cpuSeconds, 0) / count / seconds).toFixed(2)),
    },
    readers: count,
    stored,
    partitions,
    packetBytes: Math.round(packets.reduce((sum, packet) => sum + packet.length, 0) / DISTINCT),
    cores: cpus().length,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  await broker.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
