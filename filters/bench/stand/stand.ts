// The test stand of the engine and scale benches: a broker with stored topics, on which one worker after another, each in a process of its own, begins at the
// first packet. In: packets and the number of filters. Out: rates, CPU and memory.
import { fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import getPort from 'get-port'
import { type BrokerAccess, medianOf, openAdmin, openProducer, PACKET_ENV, startBroker } from '#hub'
import { nodeTopics } from '#mirrors'
import { WORKER_NODE_FLAGS } from '../../worker/node-js-flags.ts'
import { benchFilters, pythonFilters } from '../worker/bench-filters.ts'
import { type LiveRun, openLiveRun } from '../live/live-run.ts'
import { clearTopics, seedProgress } from './seed-progress.ts'
import { type FetchTask, type Outcome, type PublishedTask, type Task } from './tasks.ts'

const PARTITIONS = 4
const SENT_AT_ONCE = 32
const RETENTION = { hours: 24, bytesPerPartition: 64 * 1024 ** 3 }
interface Filling {
  readonly topic: string
  /** By registry id, as JSON. */
  readonly schemas: Readonly<Record<number, string>>
  readonly packets: number
  readonly packet: (at: number) => Buffer
  /** Now by default. */
  readonly timestampMs?: (at: number) => number
}

/** A topic that was filled. */
export interface Stored extends Pick<Filling, 'topic' | 'schemas'> {
  /** Timestamp of its first packet. */
  readonly startMs: number
  readonly packetBytesMedian: number
}

export interface Run {
  readonly filters: number
  readonly alerts: number
  readonly jit: boolean
  /** Default `first`. */
  readonly policy?: 'first' | 'best'
  /** Default 1. */
  readonly shards?: number
}

/** A worker that follows a topic while packets come in. */
interface Live {
  readonly filters: number
  readonly jit: boolean
  /** Default 1. */
  readonly shards?: number
  /** Filters in Python besides, which rest at first; they need the socket of a Docker engine. */
  readonly python?: { readonly filters: number; readonly engine: string }
}

export interface Stand {
  store(filling: Filling): Promise<Stored>
  /** A fresh worker with that many filters works through the topic. */
  run(stored: Stored, run: Run): Promise<Outcome>
  /** A fresh worker at the end of an empty topic of its own; close it before the next run. */
  live(schemas: Stored['schemas'], live: Live): Promise<LiveRun>
  /** CPU µs an alert of the feed alone. */
  fetch(stored: Stored, alerts: number): Promise<number>
  /** Alerts per CPU second of one filter in Node: kafkajs and avsc. */
  published(stored: Stored, alerts: number): Promise<number>
  /** The same in Python: confluent-kafka and fastavro. */
  publishedInPython(stored: Stored, alerts: number, python: string): Promise<number>
  close(): Promise<void>
}

const idsOf = (schemas: Stored['schemas']): number[] => Object.keys(schemas).map(Number)

async function createAlertTopic(access: BrokerAccess, topic: string): Promise<void> {
  const admin = openAdmin(access)
  const topics = nodeTopics({ alertTopics: [{ name: topic, partitions: PARTITIONS }], shards: 1, retention: RETENTION })
  // The others are made for each run.
  await admin.createTopics(topics.filter(({ name }) => name === topic))
  await admin.close()
}

const inChild = <T>(file: string, task: object, execArgv: readonly string[] = []): Promise<T> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, file), {
      env: { ...process.env, ...PACKET_ENV },
      execArgv: [...execArgv],
    })
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
    libs: join(import.meta.dirname, '../../../.cache/kafka-4.3.1'),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
  })
  const { access, pid: brokerPid } = broker
  let runs = 0
  return {
    store: async ({ topic, schemas, packets, packet, timestampMs }) => {
      const startMs = timestampMs?.(0) ?? Date.now()
      await createAlertTopic(access, topic)
      const producer = await openProducer(access, { clientId: 'bench' })
      const sizes: number[] = []
      // The next packets are made while these are sent.
      let sending: Promise<void> = Promise.resolve()
      for (let sent = 0; sent < packets; sent += SENT_AT_ONCE) {
        const count = Math.min(SENT_AT_ONCE, packets - sent)
        const messages = Array.from({ length: count }, (_, i) => {
          const value = packet(sent + i)
          sizes.push(value.length)
          const stamp = timestampMs === undefined ? {} : { timestampMs: timestampMs(sent + i) }
          return { topic, partition: (sent + i) % PARTITIONS, value, ...stamp }
        })
        await sending
        sending = producer.send(messages)
      }
      await sending
      await producer.close()
      return { topic, schemas, startMs, packetBytesMedian: medianOf(sizes) }
    },
    run: async ({ topic, schemas, startMs }, { filters: count, alerts, jit, policy = 'first', shards = 1 }) => {
      const filters = benchFilters(count, `r${++runs}`)
      const ids = filters.map(({ id }) => id)
      const stream = `bench${runs}`
      await clearTopics(access, [], shards)
      const start = { stream, partitions: PARTITIONS, schemaIds: idsOf(schemas), filters: ids, shards }
      await seedProgress(access, { ...start, startMs })
      const task: Task = { access, brokerPid, stream, topic, schemas, filters, alerts, jit, policy, shards }
      const outcome = await inChild<Outcome>('engine-run.ts', task, WORKER_NODE_FLAGS)
      await clearTopics(access, ids, shards)
      return outcome
    },
    live: async (schemas, { filters: count, jit, shards = 1, python }) => {
      const name = `l${++runs}`
      const [topic, stream] = [`bench-${name}`, `bench${runs}`]
      const isolates = benchFilters(count, name)
      await createAlertTopic(access, topic)
      await clearTopics(access, [], shards)
      const ids = isolates.map(({ id }) => id)
      await seedProgress(access, { stream, partitions: PARTITIONS, schemaIds: idsOf(schemas), filters: ids, shards })
      const filters = [...isolates, ...pythonFilters(python?.filters ?? 0, name)]
      const engine = python === undefined ? {} : { engine: python.engine }
      const place = { access, stream, topic, schemas, partitions: PARTITIONS }
      const live = await openLiveRun({ ...place, filters, jit, shards, ...engine })
      const close = async (): Promise<void> => {
        await live.close()
        await clearTopics(
          access,
          filters.map(({ id }) => id),
          shards,
        )
      }
      return { ...live, close }
    },
    fetch: async ({ topic }, alerts) => {
      const task: FetchTask = { access, topic, alerts }
      return (await inChild<{ readonly cpuUsPerAlert: number }>('fetch-run.ts', task, WORKER_NODE_FLAGS)).cpuUsPerAlert
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
