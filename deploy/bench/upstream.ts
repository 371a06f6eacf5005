// npm run bench -- upstream [packets]: packets a second and CPU of a packet from a survey's Kafka into the hub's, by the upstream process, beside
// MirrorMaker on the same brokers in the same run. Brokers, copier and a reader that counts share the machine.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { cpuSeconds, STATUS_TOPIC } from '#filters'
import {
  type Broker,
  type BrokerAccess,
  framePacket,
  HUB_DEAD_LETTERS,
  openAdmin,
  openProducer,
  openRegistry,
  openRegistryClient,
  PACKET_ENV,
  startBroker,
  STREAMS,
  type UpstreamSettings,
  upstreamsTopic,
} from '#hub'
import { openFeed, startMirrorMaker } from '#mirrors'
import { CACHE_DIR } from '../paths.ts'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'

const PACKET_BYTES = 110 * 1024
const PARTITIONS = 8
const SENT_AT_ONCE = 64
const SCHEMA_ID = 1100
const { topic: TOPIC } = STREAMS.lsst
const LARGE = { 'max.message.bytes': 10_485_760, 'retention.bytes': -1 }

const start = async (name: string, dir: string): Promise<Broker> =>
  startBroker({
    name,
    dir: join(dir, name),
    libs: kafkaJarsIn(CACHE_DIR),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: randomBytes(12).toString('hex'), broker: randomBytes(12).toString('hex') },
  })

const makeTopics = async (access: BrokerAccess, isHub: boolean): Promise<void> => {
  const admin = openAdmin(access)
  await admin.createTopics([
    { name: TOPIC, partitions: PARTITIONS, configs: LARGE },
    ...(isHub
      ? [
          ...[STATUS_TOPIC, '_schemas'].map(name => ({ name })),
          { name: HUB_DEAD_LETTERS, configs: LARGE },
          upstreamsTopic,
        ]
      : []),
  ])
  await admin.close()
}

const fill = async (access: BrokerAccess, packets: number): Promise<void> => {
  const producer = await openProducer(access, { clientId: 'bench' })
  const body = randomBytes(2 * PACKET_BYTES)
  for (let sent = 0; sent < packets; sent += SENT_AT_ONCE)
    await producer.send(
      Array.from({ length: Math.min(SENT_AT_ONCE, packets - sent) }, (_, at) => ({
        topic: TOPIC,
        partition: at % PARTITIONS,
        value: framePacket(SCHEMA_ID, body.subarray(at, at + PACKET_BYTES)),
      })),
    )
  await producer.close()
}

interface Copied {
  readonly packetsPerSecond: number
  readonly cpuMsPerPacket: number
}

/** Counts what comes into the hub from now on, from the first packet to the last. */
const measure = async (hub: BrokerAccess, packets: number, begin: () => Promise<number>): Promise<Copied> => {
  const stop = new AbortController()
  const feed = await openFeed({ access: hub, topic: TOPIC, clientId: 'bench', from: 'latest', signal: stop.signal })
  const pid = await begin()
  let [seen, beganMs, beganCpu] = [0, 0, 0]
  let first = 0
  for await (const item of feed) {
    if (item.kind === 'gap') throw new Error('The hub lost packets while it was read; give the disk more room')
    item.release()
    if (item.packets.length === 0) continue
    seen += item.packets.length
    if (beganMs === 0) [beganMs, beganCpu, first] = [performance.now(), cpuSeconds(pid), seen]
    if (seen >= packets) break
  }
  const seconds = (performance.now() - beganMs) / 1000
  const cpu = cpuSeconds(pid) - beganCpu
  return {
    packetsPerSecond: Math.round((seen - first) / seconds),
    cpuMsPerPacket: Math.round((cpu / (seen - first)) * 1e6) / 1000,
  }
}

const main = async (packets: number): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true, maxRetries: 3 })]
  try {
    const survey = await start('survey', dir)
    closers.unshift(() => survey.stop())
    const hub = await start('hub', dir)
    closers.unshift(() => hub.stop())
    await makeTopics(survey.access, false)
    await makeTopics(hub.access, true)
    const registry = await openRegistry({ access: hub.access, port: 0 })
    closers.unshift(() => registry.close())
    await registry.ready
    const schemaJson = '{"type":"record","name":"alert","fields":[{"name":"a","type":"long"}]}'
    await openRegistryClient(registry.url).importSchema({ id: SCHEMA_ID, schemaJson })
    await fill(survey.access, packets)

    const upstream = await measure(hub.access, packets, async () => {
      const folder = join(dir, 'upstreams')
      await mkdir(folder)
      const settings: UpstreamSettings = {
        ...survey.access,
        topic: TOPIC,
        stream: 'lsst',
        from: 'earliest',
        format: 'framed',
      }
      await writeFile(join(folder, 'survey.json'), JSON.stringify(settings), { mode: 0o600 })
      const opsPort = await getPort()
      const config = { hub: hub.access, registryUrl: registry.url, dir: folder, opsPort, logLevel: 'warn' }
      await writeFile(join(dir, 'upstream.json'), JSON.stringify(config), { mode: 0o600 })
      const file = join(import.meta.dirname, '../processes/upstream/main.ts')
      const child = spawn(process.execPath, [file, '--config', join(dir, 'upstream.json')], {
        stdio: ['ignore', 2, 2],
        env: { ...process.env, ...PACKET_ENV },
      })
      closers.unshift(async () => child.kill('SIGKILL'))
      return child.pid!
    })
    const mirrorMaker = await measure(hub.access, packets, async () => {
      const maker = await startMirrorMaker({
        name: 'bench',
        dir: join(dir, 'mirror-maker'),
        libs: kafkaJarsIn(CACHE_DIR),
        hub: survey.access,
        node: hub.access,
        restPort: await getPort(),
        topics: [TOPIC],
      })
      closers.unshift(() => maker.kill())
      return maker.pid
    })
    const cpu = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`
    const settings = { cpu, node: process.version, packets, packetBytes: PACKET_BYTES, partitions: PARTITIONS }
    const ratio = upstream.packetsPerSecond / mirrorMaker.packetsPerSecond
    console.log(JSON.stringify({ ...settings, upstream, mirrorMaker, rateRatio: Math.round(ratio * 100) / 100 }))
  } finally {
    for (const close of closers) await close()
  }
}

await main(Number(process.argv[2] ?? 10_000))
