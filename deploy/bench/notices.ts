// From a packet's timestamp to its notice at a reader, and what readers of notices cost: a hub of its own, the archiver's process as a started system has it,
// Rubin's mean rate, `notices tail --where` as a process of its own, and as many more readers, each over its own connections, as --readers says.
// Options: --rate 270, --seconds 30, --store files|segments, --readers 0. The packets are made before.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cpuSeconds, descendants } from '#filters'
import {
  createStream,
  fileVisits,
  noticesTopic,
  openAdmin,
  openLogReader,
  openProducer,
  openRegistry,
  openRegistryClient,
  PACKET_ENV,
  playStream,
  quantileOf,
  startBroker,
  STREAMS,
} from '#hub'
import { CACHE_DIR, ROOT } from '../paths.ts'
import { hubTopics } from '../start/access/hub-topics.ts'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'
import { spreadOf } from './chain/figures.ts'
import { type NoticeReaders, type ReadByAll } from './readers/notice-readers.ts'

const PORTS = { client: 34_800, controller: 34_801, registry: 34_802, ops: 34_803 }
const PARTITIONS = 8
const READY_LIMIT_MS = 30_000
const TAIL_START_MS = 5000

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '270' },
    seconds: { type: 'string', default: '30' },
    store: { type: 'string', default: 'files' },
    readers: { type: 'string', default: '0' },
  },
})
const rate = Number(values.rate)
const alerts = rate * Number(values.seconds)
const readers = Number(values.readers)
const { topic, name } = STREAMS.lsst

const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-notices-'))
const file = join(dir, 'stream.packets')
await createStream({ file, visits: 1, alerts, seed: 1 })
const broker = await startBroker({
  name: 'bench',
  dir: join(dir, 'broker'),
  libs: kafkaJarsIn(CACHE_DIR),
  ports: { client: PORTS.client, controller: PORTS.controller },
  secrets: { admin: 'bench-admin', broker: 'bench-broker' },
  heapMb: 512,
})
const { access } = broker
const admin = openAdmin(access, 'bench-admin')
await admin.createTopics(hubTopics({ alerts, partitions: PARTITIONS }))
await admin.close()
const registry = await openRegistry({ access, port: PORTS.registry })
await registry.ready
const visits = await fileVisits(file)
for (const schema of visits.schemas) await openRegistryClient(registry.url).importSchema(schema)

const config = join(dir, 'archiver.json')
const archive = { dir: join(dir, 'archive'), store: { kind: values.store } }
await writeFile(
  config,
  JSON.stringify({ hub: access, registryUrl: registry.url, opsPort: PORTS.ops, archive, logLevel: 'warn' }),
)
const archiver = spawn(process.execPath, [join(ROOT, 'deploy/processes/archiver/main.ts'), '--config', config], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, ...PACKET_ENV },
})
const ended = new Promise(resolve => archiver.once('exit', resolve))
const isReady = async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${PORTS.ops}/readyz`).catch(() => undefined))?.status === 200
for (const untilMs = Date.now() + READY_LIMIT_MS; !(await isReady());) {
  if (Date.now() > untilMs) throw new Error('The archiver did not become ready')
  await sleep(100)
}

/** What a user types; its password is in its environment. */
const where = 'snr > 10 && known === false'
const tailArguments = ['notices', 'tail', '--follow', '--from', 'latest', '--where', where]
const startTail = async () => {
  const { bootstrap, user, password } = access
  const login = ['--bootstrap', bootstrap, '--user', user]
  const child = spawn(process.execPath, [join(ROOT, 'deploy/bin/main.ts'), ...tailArguments, ...login], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SKYSIEVE_KAFKA_PASSWORD: password },
  })
  let lines = 0
  createInterface({ input: child.stdout }).on('line', () => lines++)
  const over = new Promise(resolve => child.once('close', resolve))
  // Its start is not what is measured.
  await sleep(TAIL_START_MS)
  return {
    pid: child.pid ?? 0,
    end: async () => {
      child.kill('SIGINT')
      await over
      return lines
    },
  }
}
const startReaders = async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'readers/notice-readers.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const task: NoticeReaders = { access, topic: noticesTopic(name), readers }
  child.stdin.write(`${JSON.stringify(task)}\n`)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  if ((await lines.next()).done === true) throw new Error('The readers ended before they read')
  return {
    pid: child.pid ?? 0,
    end: async (): Promise<ReadByAll> => {
      child.stdin.end()
      const { value } = await lines.next()
      return JSON.parse(String(value))
    },
  }
}
/** Of the broker: the one process below this one that is not named. */
const brokerCpu = (named: readonly number[]): number =>
  descendants(process.pid)
    .filter(pid => !named.includes(pid))
    .reduce((sum, pid) => sum + cpuSeconds(pid), 0)

const delaysMs: number[] = []
const noticeBytes: number[] = []
const read = async (): Promise<void> => {
  const reader = openLogReader(access, { clientId: 'bench-notices', topic: noticesTopic(name) })
  let next = 0n
  while (delaysMs.length < alerts) {
    const page = await reader.read(next, 500)
    const nowMs = Date.now()
    for (const { headers, value } of page.records) {
      delaysMs.push(nowMs - Number(new Map(headers).get('skysieve-packet-timestamp')))
      noticeBytes.push(value?.length ?? 0)
    }
    next = page.next
  }
  await reader.close()
}
const cpuMs = async (): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${PORTS.ops}/metrics`)).text()
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]) * 1000
}
try {
  const tail = await startTail()
  const many = readers > 0 ? await startReaders() : undefined
  const named = [archiver.pid ?? 0, tail.pid, many?.pid ?? 0]
  const before = await cpuMs()
  const [tailBefore, brokerBefore] = [cpuSeconds(tail.pid), brokerCpu(named)]
  const producer = await openProducer(access, { clientId: 'bench-player' })
  const begunMs = performance.now()
  const reading = read()
  const { bytes } = await playStream({
    producer,
    source: visits,
    intervalMs: 0,
    spreadMs: Number(values.seconds) * 1000,
  })
  const playedMs = performance.now() - begunMs
  await reading
  await producer.close()
  const used = (await cpuMs()) - before
  const seconds = (performance.now() - begunMs) / 1000
  const [tailCpu, brokerCpuS] = [cpuSeconds(tail.pid) - tailBefore, brokerCpu(named) - brokerBefore]
  const tailWanted = await tail.end()
  const readByAll = await many?.end()
  noticeBytes.sort((a, b) => a - b)
  const share = (cpuS: number): number => Math.round((cpuS / seconds) * 10_000) / 10_000
  console.log(
    JSON.stringify({
      bench: 'notices',
      noticeDelaySeconds: spreadOf(delaysMs),
      alerts,
      perSecond: Math.round(alerts / (playedMs / 1000)),
      packetBytesMean: Math.round(bytes / alerts),
      noticeBytesMedian: quantileOf(noticeBytes, 0.5),
      noticeBytesMax: noticeBytes.at(-1),
      tailCores: share(tailCpu),
      tailWanted,
      brokerCores: share(brokerCpuS),
      readers,
      readersCores: readByAll && share(readByAll.cpuMs / 1000),
      readByEach: readByAll && [readByAll.fewest, readByAll.most],
      archiverCpuMs: Math.round((used / alerts) * 100) / 100,
      topic,
      store: values.store,
      cpus: cpus().length,
      cpu: cpus()[0]?.model,
      node: process.version,
    }),
  )
} finally {
  archiver.kill('SIGTERM')
  await ended
  await registry.close()
  await broker.stop()
  await rm(dir, { recursive: true, force: true })
}
