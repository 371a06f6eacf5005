// npm run bench -- engine [--filters 100] [--alerts 10000] [--jit] [--python PYTHON]: a stored topic through the whole engine,
// beside the same with no filters and the published way, in one run on one broker. Everything is on: hardened sandbox, transactions.
import { fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { type BrokerAccess, openAdmin, openProducer, openSyntheticSource, startBroker, SYNTHETIC_SCHEMA } from '#hub'
import { nodeTopics } from '#mirrors'
import { type Outcome, type Task } from './engine-run.ts'

const TOPIC = 'bench-alerts'
const PARTITIONS = 4
/** Freed response buffers are used again instead of unmapped; workers are started with the same. */
const MALLOC =
  'glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=67108864'
const SENT_AT_ONCE = 32
const ALERTS_PER_VISIT = 10_000
const PUBLISHED_ALERTS = 2000

const { values: args } = parseArgs({
  options: {
    filters: { type: 'string', default: '100' },
    alerts: { type: 'string', default: '10000' },
    jit: { type: 'boolean', default: false },
    python: { type: 'string' },
  },
})
const [filters, alerts] = [Number(args.filters), Number(args.alerts)]

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const inChild = <T>(file: string, task: object): Promise<T> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, file), { env: { ...process.env, GLIBC_TUNABLES: MALLOC } })
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`${file} ended with ${code}`)))
    child.send(task)
  })

/** Median packet size of what was stored. */
async function fill(access: BrokerAccess): Promise<number> {
  const producer = await openProducer(access, { clientId: 'bench' })
  const source = openSyntheticSource()
  const sizes: number[] = []
  for (let sent = 0; sent < alerts; sent += SENT_AT_ONCE) {
    const messages = Array.from({ length: Math.min(SENT_AT_ONCE, alerts - sent) }, (_, i) => {
      const at = sent + i
      const { packet } = source.packet(Math.floor(at / ALERTS_PER_VISIT), at % ALERTS_PER_VISIT)
      sizes.push(packet.length)
      return { topic: TOPIC, partition: at % PARTITIONS, value: packet }
    })
    await producer.send(messages)
  }
  await producer.close()
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0
}

async function python(access: BrokerAccess, command: string): Promise<number> {
  const child = spawn(command, [join(import.meta.dirname, 'published_way.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(
    JSON.stringify({ access, topic: TOPIC, alerts: Math.min(alerts, PUBLISHED_ALERTS), schema: SYNTHETIC_SCHEMA }),
  )
  return (JSON.parse(await text(child.stdout)) as { alertsPerCpuSecond: number }).alertsPerCpuSecond
}

const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-'))
const broker = await startBroker({
  name: 'bench',
  dir,
  libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
  ports: { client: await freePort(), controller: await freePort() },
  secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
})
try {
  const admin = openAdmin(broker.access)
  await admin.createTopics(
    nodeTopics({
      alertTopics: [{ name: TOPIC, partitions: PARTITIONS }],
      shards: 1,
      retention: { hours: 24, bytesPerPartition: 64 * 1024 ** 3 },
    }),
  )
  await admin.close()
  const task: Omit<Task, 'filters' | 'mode'> = {
    access: broker.access,
    brokerPid: broker.pid,
    topic: TOPIC,
    alerts,
    jit: args.jit,
  }
  const run = (count: number, mode: Task['mode']): Promise<Outcome> =>
    inChild<Outcome>('engine-run.ts', { ...task, filters: count, mode })
  // Their lanes begin at the end of the empty topic; what is stored afterwards is all for them.
  for (const count of [0, filters]) await run(count, 'register')
  const packetBytesMedian = await fill(broker.access)
  const published = await inChild<{ alertsPerCpuSecond: number }>('published-way.ts', {
    access: broker.access,
    topic: TOPIC,
    alerts: Math.min(alerts, PUBLISHED_ALERTS),
  })
  const inPython = args.python === undefined ? undefined : await python(broker.access, args.python)
  const all = await run(filters, 'work')
  const none = await run(0, 'work')
  const { worker, hosts, broker: ofBroker } = all.cpuUsPerAlert
  const perCore = 1e6 / (worker + hosts)
  const ratio = (perCpuSecond: number | undefined): number | undefined =>
    perCpuSecond === undefined ? undefined : Math.round(perCore / (perCpuSecond / filters))
  console.log(
    JSON.stringify({
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      jit: args.jit,
      filters,
      alerts,
      packetBytesMedian,
      alertsPerSecond: all.alertsPerSecond,
      alertsPerSecondNoFilters: none.alertsPerSecond,
      alertsPerSecondPerCore: Math.round(perCore),
      publishedWayNodePerCore: published.alertsPerCpuSecond / filters,
      publishedWayPythonPerCore: inPython === undefined ? undefined : inPython / filters,
      ratioPerCore: { node: ratio(published.alertsPerCpuSecond), python: ratio(inPython) },
      cpuMsPerAlert: {
        broker: ofBroker / 1000,
        fetchAndDecode: none.cpuUsPerAlert.worker / 1000,
        evaluate: hosts / 1000,
        packCapPublish: (worker - none.cpuUsPerAlert.worker) / 1000,
      },
      workerRssMb: all.workerRssMb,
      hostsRssMb: all.hostsRssMb,
      deliveries: all.deliveries,
      commits: all.commits,
      commitMeanMs: all.commitMeanMs,
    }),
  )
} finally {
  await broker.stop()
  await rm(dir, { recursive: true, force: true })
}
