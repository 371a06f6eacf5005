// The test stand of the engine bench: a broker with stored topics, on which one worker after another begins at the first packet.
import { fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openAdmin, openProducer, startBroker } from '#hub'
import { nodeTopics } from '#mirrors'
import { benchFilters } from './bench-filters.ts'
import { clear, seed } from './seed.ts'
import { type FetchTask, type Outcome, type PublishedTask, type Task } from './tasks.ts'

const PARTITIONS = 4
const SENT_AT_ONCE = 32
const RETENTION = { hours: 24, bytesPerPartition: 64 * 1024 ** 3 }
/** Freed response buffers are used again instead of unmapped; workers of a started system have the same. */
const MALLOC =
  'glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=67108864'

export interface Filling {
  readonly topic: string
  /** By registry id, as JSON. */
  readonly schemas: Readonly<Record<number, string>>
  readonly packets: number
  readonly packet: (at: number) => Buffer
}

/** A topic that was filled. */
export interface Stored extends Pick<Filling, 'topic' | 'schemas'> {
  readonly packetBytesMedian: number
}

export interface Run {
  readonly filters: number
  readonly alerts: number
  readonly jit: boolean
  /** Default 1. */
  readonly shards?: number
}

export interface Stand {
  store(filling: Filling): Promise<Stored>
  /** A fresh worker with that many filters works through the topic. */
  run(stored: Stored, run: Run): Promise<Outcome>
  /** CPU µs an alert of the feed alone. */
  fetch(stored: Stored, alerts: number): Promise<number>
  /** Alerts per CPU second of one filter in Node: kafkajs and avsc. */
  published(stored: Stored, alerts: number): Promise<number>
  /** The same in Python: confluent-kafka and fastavro. */
  publishedInPython(stored: Stored, alerts: number, python: string): Promise<number>
  close(): Promise<void>
}

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

/** Starts the broker in a folder of its own, which `close` removes. */
export async function openStand(): Promise<Stand> {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-'))
  const broker = await startBroker({
    name: 'bench',
    dir,
    libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    ports: { client: await freePort(), controller: await freePort() },
    secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
  })
  const { access, pid: brokerPid } = broker
  let runs = 0
  return {
    store: async ({ topic, schemas, packets, packet }) => {
      const admin = openAdmin(access)
      const alertTopics = [{ name: topic, partitions: PARTITIONS }]
      await admin.createTopics(nodeTopics({ alertTopics, shards: 1, retention: RETENTION }))
      await admin.close()
      const producer = await openProducer(access, { clientId: 'bench' })
      const sizes: number[] = []
      for (let sent = 0; sent < packets; sent += SENT_AT_ONCE) {
        const count = Math.min(SENT_AT_ONCE, packets - sent)
        const messages = Array.from({ length: count }, (_, i) => {
          const value = packet(sent + i)
          sizes.push(value.length)
          return { topic, partition: (sent + i) % PARTITIONS, value }
        })
        await producer.send(messages)
      }
      await producer.close()
      return { topic, schemas, packetBytesMedian: sizes.toSorted((a, b) => a - b)[Math.floor(packets / 2)] ?? 0 }
    },
    run: async ({ topic, schemas }, { filters: count, alerts, jit, shards = 1 }) => {
      const filters = benchFilters(count, `r${++runs}`)
      const ids = filters.map(({ id }) => id)
      const stream = `bench${runs}`
      await clear(access, [], shards)
      const schemaIds = Object.keys(schemas).map(Number)
      await seed(access, { stream, partitions: PARTITIONS, schemaIds, filters: ids, shards })
      const task: Task = { access, brokerPid, stream, topic, schemas, filters, alerts, jit, shards }
      const outcome = await inChild<Outcome>('engine-run.ts', task)
      await clear(access, ids, shards)
      return outcome
    },
    fetch: async ({ topic }, alerts) => {
      const task: FetchTask = { access, topic, alerts }
      return (await inChild<{ readonly cpuUsPerAlert: number }>('fetch-run.ts', task)).cpuUsPerAlert
    },
    published: async ({ topic, schemas }, alerts) => {
      const task: PublishedTask = { access, topic, alerts, schemas }
      return (await inChild<{ readonly alertsPerCpuSecond: number }>('published-way.ts', task)).alertsPerCpuSecond
    },
    publishedInPython: async ({ topic, schemas }, alerts, python) => {
      const file = join(import.meta.dirname, 'published_way.py')
      const child = spawn(python, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
      child.stdin.end(JSON.stringify({ access, topic, alerts, schemas }))
      return (JSON.parse(await text(child.stdout)) as { alertsPerCpuSecond: number }).alertsPerCpuSecond
    },
    close: async () => {
      await broker.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
