// A small survey on the real node broker for the engine's tests: own topics, own Avro schema, own manifests, and readers that audit from outside.
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AvroSchema,
  type BrokerAccess,
  encodeAlert,
  framePacket,
  openAdmin,
  type LogPage,
  openLogReader,
  openProducer,
  parseSchema,
  parseStream,
  type Producer,
  type Stream,
} from '#hub'
import { nodeTopics } from '#mirrors'
import { openIsolateSandbox, type Sandbox } from '#sandbox'
import pino from 'pino'
import { Registry } from 'prom-client'
import { type Manifest, topicOfFilter } from '../manifest.ts'
import { PROGRESS_TOPIC } from '../progress/keys.ts'
import { openWorker, type Worker, type WorkerOptions } from './open-worker.ts'

const SCHEMA_ID = 7
const PARTITIONS = 3

/** What a test packet holds. */
export interface TestAlert {
  /** Of its record, ms since 1970; now by default. */
  readonly timestampMs?: number
  readonly id: number
  readonly visit: number
  readonly flux?: number | null
  readonly partition?: number
}

export const SCHEMA: AvroSchema = parseSchema(
  JSON.stringify({
    type: 'record',
    name: 'alert',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'visit', type: 'long' },
      { name: 'flux', type: ['null', 'double'] },
      { name: 'padding', type: 'bytes' },
    ],
  }),
)

export const packetOf = ({ id, visit, flux = 1 }: TestAlert, schemaId = SCHEMA_ID): Buffer =>
  framePacket(
    schemaId,
    encodeAlert(SCHEMA, { id: BigInt(id), visit: BigInt(visit), flux, padding: Buffer.alloc(500, id) }),
  )

let sandbox: Promise<Sandbox> | undefined
/** One sandbox for a test file; its filters are gone when a worker closes. */
export const testSandbox = (): Promise<Sandbox> =>
  (sandbox ??= openIsolateSandbox({
    dir: mkdtempSync(join(tmpdir(), 'skysieve-worker-')),
    logger: pino({ level: 'silent' }),
    defaults: { hosts: 1 },
  }))

export interface TestNode {
  readonly mirror: string
  readonly stream: Stream
  readonly schemas: Map<number, AvroSchema>
  readonly producer: Producer
  manifest(changes?: Partial<Manifest> & { readonly source?: string }): Manifest
  /** Writes a manifest, as the mirrored control topic would bring it. */
  put(manifest: Manifest): void
  /** Its manifest is away, as if the control topic had not been mirrored yet. */
  lose(filter: string): void
  /** `evaluated` does not wait for this filter to be live. */
  ignore(filter: string): void
  /** The sum of a metric over its labels. */
  metric(worker: Worker, name: string): Promise<number>
  work(options?: Partial<WorkerOptions>): Promise<Worker>
  send(alerts: readonly TestAlert[]): Promise<void>
  sendRaw(packet: Buffer, partition?: number): Promise<void>
  /** Deletes the alert topic and makes it again: offsets begin anew. */
  renewTopic(): Promise<void>
  deliveries(filter: string): Promise<Delivered[]>
  /** What the progress topic says of a key after reading it whole. */
  progress(key: string): Promise<Record<string, unknown> | undefined>
  read(topic: string): Promise<LogPage['records'][number][]>
  /** Waits until everything that was sent is evaluated and committed. */
  evaluated(): Promise<void>
  close(): Promise<void>
}

interface Delivered {
  readonly alert: number
  readonly visit: number
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const FLUX_FILTER = 'export function filter(alert) { return alert.flux > 0.5 }'

/** Fresh topics on the node's broker; the shared ones are made once. */
export async function openTestNode(
  node: BrokerAccess,
  run = randomBytes(4).toString('hex'),
  mirror = `m${run}`,
): Promise<TestNode> {
  const topic = `alerts-${run}`
  const admin = openAdmin(node)
  const topics = nodeTopics({ alertTopics: [{ name: topic, partitions: PARTITIONS }], shards: 1 })
  const alertTopics = topics.filter(({ name }) => name === topic)
  await admin.createTopics(topics)
  const producer = await openProducer(node, { clientId: `survey-${run}` })
  const stream = parseStream({ name: `s${run}`, topic, alertId: ['id'], visit: { path: 'visit' }, timeMs: [] })
  const manifests = new Map<string, Manifest>()
  const listeners = new Set<(filter: string) => void>()
  const schemas = new Map([[SCHEMA_ID, SCHEMA]])
  const workers = new Map<Worker, Registry>()
  const ignored = new Set<string>()
  const sent: number[] = Array.from({ length: PARTITIONS }, () => 0)

  const read = (name: string): Promise<LogPage['records'][number][]> => readTopic(node, name)
  return {
    mirror,
    stream,
    schemas,
    producer,
    read,
    manifest: ({ source = FLUX_FILTER, ...changes } = {}) => ({
      id: `f${randomBytes(5).toString('hex')}`,
      name: 'test',
      owner: 'tester',
      description: '',
      stream: stream.name,
      cap: 20,
      policy: 'first',
      start: 'earliest',
      cutouts: false,
      versions: [{ number: 1, language: 'javascript', source, sha256: '', createdAt: '2026-01-01T00:00:00Z' }],
      active: 1,
      state: 'active',
      problems: [],
      placement: { mirror, shard: 0 },
      generation: 1,
      trust: 'known',
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      ...changes,
    }),
    ignore: filter => ignored.add(filter),
    lose: filter => manifests.delete(filter),
    metric: async (worker, name) => {
      const values = (await workers.get(worker)?.getSingleMetric(name)?.get())?.values ?? []
      return values.reduce((sum, { value }) => sum + value, 0)
    },
    put: manifest => {
      ignored.delete(manifest.id)
      manifests.set(manifest.id, manifest)
      for (const listener of listeners) listener(manifest.id)
    },
    work: async options => {
      const registry = new Registry()
      const worker = await openWorker({
        mirror,
        shards: 1,
        node,
        streams: [stream],
        sandbox: await testSandbox(),
        manifests: {
          get: filter => manifests.get(filter),
          entries: () => manifests.entries(),
          onChange: listener => {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
        schemas: { get: id => Promise.resolve(schemas.get(id)) },
        registry,
        log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
        schemaWaitMs: 300,
        lingerMs: 5,
        ...options,
      })
      worker.ended.catch(() => undefined)
      workers.set(worker, registry)
      return worker
    },
    send: async alerts => {
      const messages = alerts.map(alert => ({
        topic,
        partition: alert.partition ?? alert.id % PARTITIONS,
        value: packetOf(alert),
        ...(alert.timestampMs === undefined ? {} : { timestampMs: alert.timestampMs }),
      }))
      await producer.send(messages)
      for (const { partition } of messages) sent[partition] = (sent[partition] ?? 0) + 1
    },
    sendRaw: async (value, partition = 0) => {
      await producer.send([{ topic, partition, value }])
      sent[partition] = (sent[partition] ?? 0) + 1
    },
    renewTopic: async () => {
      await admin.deleteTopics([topic])
      await admin.createTopics(alertTopics)
      sent.fill(0)
    },
    evaluated: async () => {
      await until(async () => {
        const records = await progressOf(node)
        const lane = records.get(`lane/live.${stream.name}`) as { positions: Record<string, string> } | undefined
        const isLive = ({ id, state }: Manifest): boolean =>
          state !== 'active' || ignored.has(id) || records.get(`filter/${id}`)?.['lane'] === `live.${stream.name}`
        const isThere = sent.every((count, partition) => lane?.positions[partition] === String(count))
        return isThere && [...manifests.values()].every(isLive)
      })
    },
    deliveries: async filter =>
      (await read(topicOfFilter(filter))).map(({ value, headers }) => {
        const texts = Object.fromEntries(headers.map(([name, header]) => [name, String(header)]))
        return {
          alert: Number(texts['skysieve-alert']),
          visit: Number(texts['skysieve-visit']),
          value: value ?? Buffer.alloc(0),
          headers: texts,
        }
      }),
    progress: async key => (await progressOf(node)).get(key),
    close: async () => {
      for (const worker of workers.keys()) await worker.close()
      await producer.close()
      await admin.deleteTopics([topic, ...[...manifests.keys()].map(topicOfFilter)])
      await admin.close()
    },
  }
}

async function progressOf(access: BrokerAccess): Promise<Map<string, Record<string, unknown>>> {
  const records = new Map<string, Record<string, unknown>>()
  for (const { key, value } of await readTopic(access, PROGRESS_TOPIC)) {
    if (value === null) records.delete(String(key))
    else records.set(String(key), JSON.parse(value.toString()) as Record<string, unknown>)
  }
  return records
}

/** Everything a read_committed subscriber gets from a topic of one partition up to its present end. Empty for a topic that is not there. */
export async function readTopic(access: BrokerAccess, topic: string): Promise<LogPage['records'][number][]> {
  const admin = openAdmin(access)
  const isThere = (await admin.describeTopic(topic)) !== undefined
  await admin.close()
  if (!isThere) return []
  const reader = openLogReader(access, { clientId: 'audit', topic })
  try {
    const end = await reader.end()
    let page = await reader.read('earliest', 0)
    const records = [...page.records]
    while (page.next < end) {
      page = await reader.read(page.next, 100)
      records.push(...page.records)
    }
    return records
  } finally {
    await reader.close()
  }
}

/** Waits until a condition holds; the test's own time limit ends it. */
export async function until<T>(what: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const value = await what()
    if (value !== undefined && value !== false) return value
    await sleep(100)
  }
}
