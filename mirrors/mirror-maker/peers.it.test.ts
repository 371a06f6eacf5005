// Three MirrorMakers of a cell share the tasks of one Connect cluster, on three real brokers. Each is killed in turn while a stream goes on: its tasks move to the
// other two, and each packet is there once.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, type CellMember, openProducer, type Producer, serverTls, startCell } from '#hub'
import { openFeed } from '../feed/open-feed.ts'
import { type MirroredNode, openMirroredNode } from './mirrored-node.fixture.ts'
import { CONNECT_TOPICS, type MirrorMakerSettings } from './settings.ts'
import { type MirrorMaker, startMirrorMaker } from './start.ts'

const ADDRESSES = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
const HEAP_MB = 192
const PAUSE_MS = 20
/** On a machine with two processors and much else to do, tasks have taken two minutes to move. */
const CATCH_UP_MS = 300_000

let dir: string
let members: readonly CellMember[] = []
let access: BrokerAccess
let mirrored: MirroredNode
let all: readonly MirrorMakerSettings[] = []
const running: (MirrorMaker | undefined)[] = []
const ended = new AbortController()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-peers-'))
  members = await startCell({
    name: 'cell',
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    addresses: ADDRESSES,
    ports: { client: await getPort(), controller: await getPort(), broker: await getPort() },
    certify: (name, address) => serverTls(join(dir, 'tls'), name, [address], 'peer'),
    secrets: { admin: randomBytes(12).toString('hex'), broker: randomBytes(12).toString('hex') },
    heapMb: 256,
    scramIterations: 4096,
  })
  access = members[0]!.broker.access
  mirrored = await openMirroredNode('peers', { hub: inject('kafka').hub, node: access })
  all = members.map(({ settings: { cell } }, rank) => ({
    ...mirrored.settings,
    dir: join(mirrored.settings.dir, `peer${rank}`),
    heapMb: HEAP_MB,
    tasks: 3,
    peers: { address: ADDRESSES[rank]!, tls: cell!.tls, rank },
  }))
  running.push(...(await Promise.all(all.map(startMirrorMaker))))
}, 300_000)
afterAll(async () => {
  ended.abort()
  await Promise.all(running.map(async one => one?.kill()))
  await mirrored?.close()
  await Promise.all(members.map(({ broker }) => broker.kill()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

/** Writes 0, 1, 2, … to the hub's two partitions in turn until the signal. */
const write = (producer: Producer, stop: AbortSignal) => {
  const state = { written: 0 }
  const run = async (): Promise<void> => {
    while (!stop.aborted) {
      await producer.send([
        { topic: mirrored.alerts, partition: state.written % 2, value: Buffer.from(String(state.written)) },
      ])
      state.written += 1
      await sleep(PAUSE_MS)
    }
  }
  return { state, ended: run() }
}

/** Reads on the node what is committed, and notes how long each partition stood still. */
const follow = async (partitions: number) => {
  const seen: number[] = []
  const lastMs = Array.from({ length: partitions }, () => performance.now())
  const still = { longestMs: 0 }
  const feed = await openFeed({
    access,
    topic: mirrored.alerts,
    clientId: 'test',
    from: 'earliest',
    signal: ended.signal,
  })
  const run = async (): Promise<void> => {
    for await (const item of feed) {
      if (item.kind === 'gap') throw new Error(`a gap in partition ${item.partition}`)
      const nowMs = performance.now()
      still.longestMs = Math.max(still.longestMs, nowMs - lastMs[item.partition]!)
      lastMs[item.partition] = nowMs
      seen.push(...item.packets.map(({ value }) => Number(value.toString())))
      item.release()
    }
  }
  return { seen, still, ended: run() }
}

test('whichever is killed, the other two go on with its tasks, and each packet is on the node once', async () => {
  const stop = new AbortController()
  const producer = await openProducer(inject('kafka').hub, { clientId: 'test-peers' })
  const written = write(producer, stop.signal)
  const read = await follow(2)
  read.ended.catch(() => undefined)
  const catchUp = async (): Promise<void> => {
    const wanted = written.state.written
    await expect.poll(() => new Set(read.seen).size, { timeout: CATCH_UP_MS }).toBeGreaterThan(wanted)
  }
  await catchUp()
  const pauses: string[] = []
  for (const [rank, settings] of all.entries()) {
    read.still.longestMs = 0
    await running[rank]?.kill()
    await catchUp()
    pauses.push(`${(read.still.longestMs / 1000).toFixed(1)} s`)
    running[rank] = await startMirrorMaker(settings)
    await catchUp()
  }
  stop.abort()
  await written.ended
  await expect.poll(() => read.seen.length, { timeout: CATCH_UP_MS }).toBe(written.state.written)
  console.log(`a partition stood still for at most ${pauses.join(', ')} as each was killed`)
  expect(read.seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: written.state.written }, (_, at) => at))
  await producer.close()
}, 1_800_000)

test('the topics of Kafka Connect are there once, with three replicas', async () => {
  const topics = await mirrored.node.listTopics()
  expect(topics.filter(name => name.startsWith('mm2-')).toSorted()).toEqual(Object.values(CONNECT_TOPICS).toSorted())
  expect((await mirrored.node.topicConfigs(CONNECT_TOPICS.offsets))?.['min.insync.replicas']).toBe('2')
})

test('nobody without a certificate of a peer speaks to its REST', async () => {
  const { restPort, peers } = all[0]!
  const { ca } = peers!.tls
  const asked = (own: { key?: string; cert?: string }): Promise<string> =>
    new Promise(resolve => {
      const socket = connect({ host: ADDRESSES[0]!, port: restPort, ca, ...own })
      socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: peer\r\nConnection: close\r\n\r\n'))
      socket.once('data', data => resolve(data.toString('latin1', 0, 8)))
      socket.once('error', error => resolve(error.message))
      socket.once('close', () => resolve('closed'))
    })
  const peer = await readFile(peers!.tls.keystore, 'utf8')
  expect(await asked({ key: peer, cert: peer })).toBe('HTTP/1.1')
  const server = await readFile((await serverTls(join(dir, 'tls'), 'other', [ADDRESSES[0]!])).keystore, 'utf8')
  expect(await asked({ key: server, cert: server })).not.toBe('HTTP/1.1')
  expect(await asked({})).not.toBe('HTTP/1.1')
})
