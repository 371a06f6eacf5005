// How much the player costs: one visit of synthetic packets into a broker of its own, as fast as it goes or spread over --seconds.
// Options: --packets 10000, --seconds 0, --from synthetic|file (made before the clock starts), --burst.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  createStream,
  fileVisits,
  openAdmin,
  openProducer,
  openSyntheticSource,
  playStream,
  startBroker,
  STREAMS,
  syntheticVisits,
  quantileOf,
} from '../index.ts'

const PORT = 30_200
const PARTITIONS = 8
const SEED = 1

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '0' },
    from: { type: 'string', default: 'synthetic' },
    burst: { type: 'boolean', default: false },
  },
})
const packets = Number(values.packets)
const spreadMs = Number(values.seconds) * 1000
const source = openSyntheticSource({ seed: SEED })
const sizes = Array.from({ length: 501 }, (_, number) => source.packet(0, number).packet.length).toSorted(
  (a, b) => a - b,
)

const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-play-'))
const broker = await startBroker({
  name: 'bench',
  dir: join(dir, 'broker'),
  libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? resolve(import.meta.dirname, '../../.cache/kafka-4.3.1'),
  ports: { client: PORT, controller: PORT + 1 },
  secrets: { admin: 'bench-admin', broker: 'bench-broker' },
  heapMb: 512,
})
try {
  const file = join(dir, 'stream.packets')
  if (values.from === 'file') await createStream({ file, visits: 1, alerts: packets, seed: SEED })
  const visits =
    values.from === 'file' ? await fileVisits(file) : syntheticVisits(source, { alertsPerVisit: packets, visits: 1 })
  const admin = openAdmin(broker.access, 'bench-admin')
  await admin.createTopics([{ name: STREAMS.lsst.topic, partitions: PARTITIONS }])
  const producer = await openProducer(broker.access, { clientId: 'bench-player' })
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const profile = values.burst ? 'burst' : 'smooth'
  const { bytes } = await playStream({ producer, source: visits, intervalMs: 0, spreadMs, profile })
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await producer.close()
  await admin.close()
  await visits.close()
  const cpuSeconds = (user + system) / 1e6
  const result = {
    packets,
    packetBytesMedian: quantileOf(sizes, 0.5),
    seconds: Number(seconds.toFixed(2)),
    mbPerSecond: Number((bytes / 1e6 / seconds).toFixed(1)),
    cpuShare: Number((cpuSeconds / seconds).toFixed(3)),
    cpuMsPerPacket: Number(((cpuSeconds * 1000) / packets).toFixed(3)),
    settings: { from: values.from, spreadSeconds: spreadMs / 1000, profile, partitions: PARTITIONS },
    machine: { cores: cpus().length, model: cpus()[0]?.model, node: process.version },
  }
  console.log(JSON.stringify(result))
} finally {
  await broker.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
