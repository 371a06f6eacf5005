// Three brokers stand in for each other: whichever leads a partition and coordinates a writer is killed, and writer and readers go on.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serverTls } from '../certificates/certificates.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { openKafka } from '../kafka/consume/kafkajs-client.ts'
import { openLogReader } from '../kafka/consume/log-reader.ts'
import { openProducer } from '../kafka/produce/producer.ts'
import { type Broker, startBroker } from './start-broker.ts'
import { type CellMember, startCell } from './start-cell.ts'

const LIBS = process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1')
const TOPIC = 'alerts'
const PARTITIONS = 3
const WRITER = 'writer'

let dir: string
let members: readonly CellMember[] = []
const running = new Map<number, Broker>()
let access: BrokerAccess
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-cell-'))
  members = await startCell({
    name: 'cell',
    dir,
    libs: LIBS,
    addresses: ['127.0.0.2', '127.0.0.3', '127.0.0.4'],
    ports: { client: await getPort(), controller: await getPort(), broker: await getPort() },
    certify: (name, address) => serverTls(join(dir, 'tls'), name, [address], 'peer'),
    secrets: { admin: randomBytes(12).toString('hex'), broker: randomBytes(12).toString('hex') },
    heapMb: 256,
    scramIterations: 4096,
  })
  for (const { settings, broker } of members) running.set(settings.cell?.id ?? 0, broker)
  access = members[0]!.broker.access
  const admin = openAdmin(access)
  await admin.createTopics([{ name: TOPIC, partitions: PARTITIONS }])
  await admin.close()
}, 180_000)
afterAll(async () => {
  await Promise.all([...running.values()].map(broker => broker.kill()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

const partitionsOf = async (topic: string) => {
  const admin = openKafka(access, 'test').admin()
  try {
    await admin.connect()
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions ?? []
  } finally {
    await admin.disconnect()
  }
}
/** As Kafka spreads transactional ids over its partitions: Java's hash of a text of ASCII letters. */
const hashOf = (text: string): number => Buffer.from(text).reduce((hash, letter) => (hash * 31 + letter) | 0, 0)
const coordinatorOf = async (transactionalId: string): Promise<number> => {
  const partitions = await partitionsOf('__transaction_state')
  const own = Math.abs(hashOf(transactionalId)) % partitions.length
  return partitions.find(({ partitionId }) => partitionId === own)?.leader ?? 0
}
const settingsOf = (id: number) => members.find(({ settings }) => settings.cell?.id === id)!.settings

/** Reads what is committed in a partition from its beginning on; a broker that is away is waited for. */
const follow = (partition: number, stop: AbortSignal) => {
  const seen: number[] = []
  const run = async (): Promise<void> => {
    const reader = openLogReader(access, { clientId: 'reader', topic: TOPIC, partition })
    let from: bigint | 'earliest' = 'earliest'
    while (!stop.aborted)
      try {
        const { records, next } = await reader.read(from, 200)
        from = next
        seen.push(...records.map(({ value }) => Number(value)))
      } catch {
        await sleep(100)
      }
    await reader.close()
  }
  return { seen, ended: run() }
}

/** Writes 0, 1, 2, … to all partitions, a number a transaction. After a failure another producer goes on from what is committed. */
const write = (stop: AbortSignal) => {
  const state = { written: 0, longestMs: 0, anew: 0 }
  const open = () => openProducer(access, { clientId: WRITER, transactionalId: WRITER })
  /** What a reader would be given once the predecessor's transaction has ended: how far it is. */
  const committed = async (): Promise<number> => {
    const reader = openLogReader(access, { clientId: WRITER, topic: TOPIC })
    const end = await reader.end()
    let [from, count]: [bigint | 'earliest', number] = ['earliest', 0]
    while (from === 'earliest' || from < end) {
      const page = await reader.read(from, 100)
      count += page.records.length
      from = page.next
    }
    await reader.close()
    return count
  }
  const run = async (): Promise<void> => {
    let producer = await open()
    let lastMs = performance.now()
    while (!stop.aborted)
      try {
        const transaction = await producer.begin()
        const value = String(state.written)
        const all = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, value }))
        await transaction.send(all)
        await transaction.commit()
        state.written += 1
        state.longestMs = Math.max(state.longestMs, performance.now() - lastMs)
        lastMs = performance.now()
      } catch (error) {
        state.anew += 1
        console.log(`the writer begins anew: ${String(error)}`)
        await producer.close().catch(() => undefined)
        producer = await open()
        state.written = await committed()
      }
    await producer.close()
  }
  return { state, ended: run() }
}

test('a topic that says nothing has three replicas, two of which must be in sync', async () => {
  const partitions = await partitionsOf(TOPIC)
  expect(partitions).toHaveLength(PARTITIONS)
  for (const { replicas } of partitions) expect(new Set(replicas)).toEqual(new Set([1, 2, 3]))
  const admin = openAdmin(access)
  expect(await admin.topicConfigs(TOPIC)).toMatchObject({
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
  })
  await admin.close()
})

test.each(['controller', 'broker'] as const)(
  'nobody without a certificate of the cell speaks to its %s',
  async which => {
    const settings = settingsOf(1)
    const { cell, ports } = settings
    const port = which === 'broker' ? cell!.port : ports.controller
    const host = cell!.voters[0]!.address
    // A server's certificate of the same authority is not one of a peer.
    const server = await serverTls(join(dir, 'tls'), 'other', [host])
    const pem = await readFile(server.keystore, 'utf8')
    const isLetIn = (own: { key?: string; cert?: string }): Promise<boolean> =>
      new Promise(resolve => {
        const socket = connect({ host, port, ca: server.ca, ...own })
        // ApiVersions, version 0: with TLS 1.3 a refusal comes after the client's side is done.
        socket.once('secureConnect', () => socket.write(Buffer.from('0000000a00120000000000010000', 'hex')))
        socket.once('data', () => resolve(true))
        socket.once('error', () => resolve(false))
        socket.once('close', () => resolve(false))
      })
    const peer = await readFile(cell!.tls.keystore, 'utf8')
    expect(await isLetIn({ key: peer, cert: peer })).toBe(true)
    expect(await isLetIn({ key: pem, cert: pem })).toBe(false)
    expect(await isLetIn({})).toBe(false)
  },
)

test('a leader that is the writer’s coordinator is killed, then the next one: writer and readers go on, and each message is there once', async () => {
  const stop = new AbortController()
  const readers = Array.from({ length: PARTITIONS }, (_, partition) => follow(partition, stop.signal))
  const writer = write(stop.signal)
  const progress = async (): Promise<void> => {
    const before = writer.state.written
    await expect.poll(() => writer.state.written, { timeout: 60_000 }).toBeGreaterThan(before + 20)
  }
  await progress()
  const killed = new Set<number>()
  const pauses: string[] = []
  while (killed.size < 2) {
    const id = await coordinatorOf(WRITER)
    killed.add(id)
    writer.state.longestMs = 0
    await running.get(id)?.kill()
    await progress()
    pauses.push(`${(writer.state.longestMs / 1000).toFixed(1)} s`)
    running.set(id, await startBroker(settingsOf(id)))
    const inSync = async (): Promise<number> =>
      Math.min(
        ...(await partitionsOf(TOPIC)).concat(await partitionsOf('__transaction_state')).map(({ isr }) => isr.length),
      )
    await expect.poll(inSync, { timeout: 60_000 }).toBe(3)
  }
  console.log(
    `longest pause of a writer with each kill: ${pauses.join(', ')}; it began anew ${writer.state.anew} times`,
  )
  await progress()
  const wanted = writer.state.written
  await expect
    .poll(() => Math.min(...readers.map(({ seen }) => seen.length)), { timeout: 60_000 })
    .toBeGreaterThan(wanted)
  stop.abort()
  await Promise.all([writer.ended, ...readers.map(({ ended }) => ended)])
  for (const { seen } of readers) expect(seen).toEqual(seen.map((_, at) => at))
}, 300_000)
