// A node that was away longer than the hub kept its topic: a real MirrorMaker between two real brokers, and records deleted on the hub meanwhile.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { CLOCK_TOPIC, type ClusterAdmin, openAdmin, openKafka, openProducer, type Producer } from '#hub'
import { packetsOf, takeUntil } from '../feed/alert-topic.fixture.ts'
import { openFeed } from '../feed/open-feed.ts'
import { mirrorMakerRights } from '../mirror-maker/mirror-maker-acls.ts'
import { type LostRange } from '../mirror-maker/lost-range.ts'
import { CONNECT_TOPICS, type MirrorMakerSettings } from '../mirror-maker/settings.ts'
import { type MirrorMaker, startMirrorMaker } from '../mirror-maker/start.ts'
import { watchMirrorMaker } from '../mirror-maker/watch.ts'
import { prepareNode } from '../node/prepare-node.ts'
import { nodeTopics } from '../node/node-topics.ts'
import { followMirrorGaps } from './follow-gaps.ts'
import { type MirrorGap } from './gap-record.ts'
import { openGapRecorder } from './record-gaps.ts'

const run = randomBytes(4).toString('hex')
const alerts = `test-lost-${run}`
const topics = [alerts, '_schemas', 'skysieve.filters', CLOCK_TOPIC]
const rights = mirrorMakerRights(`lost-${run}`, topics)
const nodeOptions = { shards: 1, alertTopics: [{ name: alerts, partitions: 2 }] }
const ended = new AbortController()
const begunMs = Date.now() - 600_000

let hub: ClusterAdmin
let node: ClusterAdmin
let producer: Producer
let settings: MirrorMakerSettings
let mirrorMaker: MirrorMaker | undefined
let dir: string

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Sends records `from` to `to` of a partition; each has a second of its own. */
const send = (partition: number, from: number, to: number): Promise<unknown> =>
  producer.send(
    Array.from({ length: to - from }, (_, at) => ({
      topic: alerts,
      partition,
      value: `${partition}-${from + at}`,
      timestampMs: begunMs + (from + at) * 1000,
    })),
  )

const deleteOnHub = async (partition: number, before: number): Promise<void> => {
  const admin = openKafka(inject('kafka').hub, 'test-delete').admin()
  await admin.connect()
  // kafkajs looks the leader up in metadata that this call brings.
  await admin.fetchTopicOffsets(alerts)
  await admin.deleteTopicRecords({ topic: alerts, partitions: [{ partition, offset: String(before) }] })
  await admin.disconnect()
}

const onNode = async (count: number): Promise<string[]> => {
  const feed = await openFeed({
    access: inject('kafka').node,
    topic: alerts,
    clientId: 'test-lost',
    from: 'earliest',
    signal: ended.signal,
  })
  const items = await takeUntil(feed, taken => packetsOf(taken).length >= count)
  return packetsOf(items).map(({ value }) => value.toString())
}

beforeAll(async () => {
  const { hub: hubAccess, node: nodeAccess } = inject('kafka')
  const secrets = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')] as const
  dir = await mkdtemp(join(tmpdir(), 'skysieve-lost-'))
  hub = openAdmin(hubAccess)
  node = openAdmin(nodeAccess)
  await hub.createTopics(nodeTopics(nodeOptions).filter(({ name }) => topics.includes(name)))
  await prepareNode(node, nodeOptions)
  // Another test's MirrorMaker may have kept its connector on this node, which this one would start first and could not.
  await node.deleteTopics(Object.values(CONNECT_TOPICS))
  await Promise.all([hub.upsertUser(rights.user, secrets[0]), node.upsertUser(rights.user, secrets[1])])
  await Promise.all([hub.grant(rights.hub), node.grant(rights.node)])
  settings = {
    name: `lost-${run}`,
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    hub: { ...hubAccess, user: rights.user, password: secrets[0] },
    node: { ...nodeAccess, user: rights.user, password: secrets[1] },
    restPort: await freePort(),
    topics,
  }
  producer = await openProducer(hubAccess, { clientId: 'test-lost' })
})
afterAll(async () => {
  ended.abort()
  await mirrorMaker?.kill()
  await node?.deleteTopics(Object.values(CONNECT_TOPICS))
  await producer?.close()
  await Promise.all([hub?.close(), node?.close()])
  if (dir !== undefined) await rm(dir, { recursive: true, force: true })
})

test('what the hub deleted while a node was away is told with its offsets and times, and nothing else is', async () => {
  const { hub: hubAccess, node: nodeAccess } = inject('kafka')
  const lost: LostRange[] = []
  const gaps: MirrorGap[] = []
  const following = await followMirrorGaps({
    access: nodeAccess,
    clientId: 'test-gaps',
    onGap: gap => gap.topic === alerts && gaps.push(gap),
    onProblem: error => {
      throw error
    },
  })
  const recorder = openGapRecorder({ hub: hubAccess, node: nodeAccess, clientId: 'test-gaps', signal: ended.signal })
  const watching = watchMirrorMaker({
    settings: { ...settings, topics: [alerts] },
    lag: () => undefined,
    onFault: () => undefined,
    onLost: range => {
      lost.push(range)
      recorder.note(range)
    },
    signal: ended.signal,
  })

  // Deleted before this node ever copied anything: not a gap of its own.
  await send(0, 0, 5)
  await deleteOnHub(0, 3)
  await send(0, 5, 10)
  await send(1, 0, 10)
  mirrorMaker = await startMirrorMaker(settings)
  expect(await onNode(17)).toHaveLength(17)
  expect(lost).toEqual([])

  await mirrorMaker.kill()
  await send(0, 10, 40)
  await send(1, 10, 20)
  await deleteOnHub(0, 25)
  mirrorMaker = await startMirrorMaker(settings)
  const there = await onNode(42)
  expect(there.toSorted()).toEqual(
    [
      ...Array.from({ length: 20 }, (_, at) => `1-${at}`),
      ...[3, 4, 5, 6, 7, 8, 9].map(at => `0-${at}`),
      ...Array.from({ length: 15 }, (_, at) => `0-${25 + at}`),
    ].toSorted(),
  )
  await expect.poll(() => gaps, { timeout: 20_000 }).toHaveLength(1)
  expect(lost).toEqual([{ topic: alerts, partition: 0, from: 10n, to: 25n }])
  expect(gaps[0]).toMatchObject({
    topic: alerts,
    partition: 0,
    from: 10n,
    to: 25n,
    sinceMs: begunMs + 9000,
    untilMs: begunMs + 25_000,
  })

  // Who follows later knows it too.
  const later: MirrorGap[] = []
  const other = await followMirrorGaps({
    access: nodeAccess,
    clientId: 'test-gaps-later',
    onGap: gap => gap.topic === alerts && later.push(gap),
    onProblem: () => undefined,
  })
  expect(later).toEqual(gaps)
  await Promise.all([following.close(), other.close()])
  await recorder.idle()
  ended.abort()
  await watching
})
