// One real MirrorMaker between the two brokers of the integration tests, with the rights it is said to need and no other.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ClusterAdmin, type Producer, startClock } from '#hub'
import { packetsOf, takeUntil } from '../feed/alert-topic.fixture.ts'
import { type FeedItem } from '../feed/feed.ts'
import { openFeed } from '../feed/open-feed.ts'
import { openHubClock } from '../lag/hub-clock.ts'
import { type MirrorLag, openLagWatch } from '../lag/lag-watch.ts'
import { NODE_TOPICS } from '../node/node-topics.ts'
import { prepareNode } from '../node/prepare-node.ts'
import { type MirroredNode, openMirroredNode } from './mirrored-node.fixture.ts'
import { CONNECT_TOPICS, type MirrorMakerSettings } from './settings.ts'
import { type MirrorMaker, startMirrorMaker } from './start.ts'
import { type MirrorMakerFault, watchMirrorMaker } from './watch.ts'

const MB = 1024 * 1024
const ended = new AbortController()

let mirrored: MirroredNode
let alerts: string
let hub: ClusterAdmin
let node: ClusterAdmin
let producer: Producer
let settings: MirrorMakerSettings
let mirrorMaker: MirrorMaker | undefined

beforeAll(async () => {
  mirrored = await openMirroredNode('alerts', inject('kafka'))
  ;({ alerts, hub, node, producer, settings } = mirrored)
  mirrorMaker = await startMirrorMaker(settings)
})
afterAll(async () => {
  ended.abort()
  await mirrorMaker?.kill()
  await mirrored?.close()
})

/** Reads a topic of the node from its first record until it has `count` packets. */
const readNode = async (topic: string, count: number): Promise<FeedItem[]> => {
  const access = inject('kafka').node
  const feed = await openFeed({ access, topic, clientId: 'test', from: 'earliest', signal: ended.signal })
  return takeUntil(feed, items => packetsOf(items).length >= count)
}

describe('MirrorMaker', () => {
  test('copies packets of 1 byte to 9 MB with their bytes, headers, times and partitions', async () => {
    // Not long ago: retention goes by these times.
    const made = Date.now() - 60_000
    const values = [randomBytes(1), randomBytes(110_000), randomBytes(5 * MB), randomBytes(9 * MB)]
    const sent = values.map((value, index) => ({
      topic: alerts,
      partition: index % 2,
      value,
      headers: { index: String(index) },
      timestampMs: made + index,
    }))
    await producer.send(sent)
    const items = await readNode(alerts, 4)
    for (const partition of [0, 1])
      expect(
        packetsOf(items.filter(item => item.partition === partition)).map(packet => [
          packet.value.equals(values[Number(packet.headers['index'])]!),
          packet.timestampMs - made,
        ]),
      ).toEqual([
        [true, partition],
        [true, partition + 2],
      ])
  })

  test('copies control topics with keys and tombstones, and leaves them compacted on the node', async () => {
    const key = `filter-${settings.name}`
    await producer.send([
      { topic: 'skysieve.filters', key, value: '{"state":"live"}' },
      { topic: 'skysieve.filters', key, value: null },
    ])
    const feed = await openFeed({
      access: inject('kafka').node,
      topic: 'skysieve.filters',
      clientId: 'test',
      from: 'earliest',
      signal: ended.signal,
    })
    const ours = (items: readonly FeedItem[]) => packetsOf(items).filter(packet => packet.key?.toString() === key)
    const items = await takeUntil(feed, taken => ours(taken).length === 2)
    expect(ours(items).map(({ value }) => value.toString())).toEqual(['{"state":"live"}', ''])
    expect((await node.describeTopic('skysieve.filters'))?.configs['cleanup.policy']).toBe('compact')
  })

  test('brings the clock of the hub, by which a node knows that it is cut off', async () => {
    const problems: unknown[] = []
    const onProblem = (problem: unknown): void => void problems.push(problem)
    const { hub: hubAccess, node: nodeAccess } = inject('kafka')
    const clock = await startClock({ access: hubAccess, clientId: 'test-clock', onProblem })
    const arriving = await openHubClock({ access: nodeAccess, clientId: 'test-clock', onProblem })
    const lateMs = (): number => arriving.lateMs(Date.now())
    await expect.poll(lateMs, { timeout: 10_000 }).toBeGreaterThan(0)
    await expect.poll(lateMs, { timeout: 30_000 }).toBeLessThan(3000)
    await clock.close()
    await expect.poll(lateMs, { timeout: 15_000 }).toBeGreaterThan(5000)
    await arriving.close()
    expect(problems).toEqual([])
  })

  test('keeps no password in the topics of Kafka Connect', async () => {
    const feed = await openFeed({
      access: inject('kafka').node,
      topic: CONNECT_TOPICS.configs,
      clientId: 'test',
      from: 'earliest',
      signal: ended.signal,
    })
    const end = [...(await node.offsets(CONNECT_TOPICS.configs, 'latest')).values()][0]!
    const items = await takeUntil(feed, taken => taken.some(item => item.kind === 'batch' && item.nextOffset >= end))
    const text = packetsOf(items)
      .map(({ value }) => value.toString())
      .join('\n')
    expect(text).toContain('MirrorSourceConnector')
    expect(text).not.toContain(settings.hub.password)
    expect(text).not.toContain(settings.node.password)
  })

  test('a kill in the middle of a stream loses nothing and doubles nothing, and lag is known throughout', async () => {
    const lags: MirrorLag[] = []
    const { hub: hubAccess, node: nodeAccess } = inject('kafka')
    const watch = openLagWatch({
      hub: hubAccess,
      node: nodeAccess,
      topics: [alerts],
      clientId: 'test-lag',
      signal: ended.signal,
      everyMs: 100,
      onLag: lag => lags.push(lag),
    })
    watch.ended.catch(() => undefined)
    const first = 4
    const count = 3000
    const body = randomBytes(20_000)
    for (let index = 0; index < count; index += 100) {
      const messages = Array.from({ length: 100 }, (_, at) => ({
        topic: alerts,
        partition: (index + at) % 2,
        value: Buffer.concat([Buffer.from(`${index + at};`), body]),
      }))
      await producer.send(messages)
      if (index === 1000) await mirrorMaker?.kill()
    }
    await expect.poll(() => lags.at(-1)?.alerts ?? 0, { timeout: 10_000 }).toBeGreaterThan(0)
    mirrorMaker = await startMirrorMaker(settings)
    const items = await readNode(alerts, first + count)
    const seen = packetsOf(items)
      .filter(({ value }) => value.subarray(-body.length).equals(body))
      .map(({ value }) => Number(value.toString('latin1', 0, value.indexOf(';'))))
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index))
    await expect.poll(() => lags.at(-1)?.alerts, { timeout: 10_000 }).toBe(0)
    expect(lags.at(-1)).toMatchObject({ seconds: 0, onHub: BigInt(first + count), copied: BigInt(first + count) })
    expect(Math.max(...lags.map(({ seconds }) => seconds))).toBeGreaterThan(0)
  })

  test('a refused right, which MirrorMaker swallows, is reported', async () => {
    const stop = new AbortController()
    const { promise, resolve } = Promise.withResolvers<MirrorMakerFault>()
    const watching = watchMirrorMaker({ settings, lag: () => undefined, onFault: resolve, signal: stop.signal })
    await hub.revoke(mirrored.acls.hub)
    expect(await promise).toMatchObject({ kind: 'refused', message: expect.stringMatching(/rights on the hub/) })
    await hub.grant(mirrored.acls.hub)
    stop.abort()
    await watching
  })

  test('a task that dies is reported, and a restart goes on where it stood', async () => {
    const faults: MirrorMakerFault[] = []
    const stop = new AbortController()
    const watching = watchMirrorMaker({
      settings,
      lag: () => undefined,
      onFault: fault => faults.push(fault),
      signal: stop.signal,
    })
    const write = mirrored.acls.node.filter(({ name }) => name === alerts)
    await node.revoke(write)
    await producer.send([{ topic: alerts, partition: 0, value: 'after' }])
    await expect.poll(() => faults.map(({ kind }) => kind), { timeout: 30_000 }).toContain('dead-task')
    expect(faults.find(({ kind }) => kind === 'dead-task')?.message).toMatch(/restart/)
    await node.grant(write)
    await mirrorMaker?.kill()
    mirrorMaker = await startMirrorMaker(settings)
    const items = await readNode(alerts, 3005)
    expect(packetsOf(items).filter(({ value }) => value.toString() === 'after')).toHaveLength(1)
    stop.abort()
    await watching
  })
})

describe('a node', () => {
  test('is prepared again without harm, keeps its own retention, and refuses another number of shards', async () => {
    await prepareNode(node, { ...mirrored.nodeOptions, retention: { hours: 1, bytesPerPartition: 200 * MB } })
    const configs = (await node.describeTopic(alerts))?.configs
    expect(configs).toMatchObject({ 'retention.ms': '3600000', 'retention.bytes': String(200 * MB) })
    expect((await node.describeTopic(NODE_TOPICS.progress))?.partitions).toBe(1)
    await expect(prepareNode(node, { ...mirrored.nodeOptions, shards: 3 })).rejects.toMatchObject({
      code: 'MIRROR_NODE_TOPIC',
    })
  })
})
