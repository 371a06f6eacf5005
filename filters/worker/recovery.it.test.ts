// The rules that keep the engine exact (filters/README.md), each on a real broker in the situation it was made for.
import { setTimeout as sleep } from 'node:timers/promises'
import { openAdmin, openKafka, openProducer } from '#hub'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { topicOfFilter } from '../manifest.ts'
import { filterKey, PROGRESS_TOPIC } from '../progress/keys.ts'
import { openTestNode, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

const alertsOf = async (filter: string): Promise<number[]> =>
  (await node.deliveries(filter)).map(({ alert }) => alert).toSorted((a, b) => a - b)
const txId = (): string => `skysieve.${node.mirror}.0`

test('a worker that another one has replaced ends, and nothing of it is seen', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  const zombie = await node.work()
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  const successor = await openProducer(inject('kafka').node, { clientId: 'successor', transactionalId: txId() })
  await node.send([{ id: 2, visit: 1 }])
  await expect(zombie.ended).rejects.toMatchObject({ code: 'FILTER_FENCED' })
  await successor.close()
  expect(await alertsOf(manifest.id)).toEqual([1])
  await zombie.close()
  await node.work()
  await node.evaluated()
  expect(await alertsOf(manifest.id)).toEqual([1, 2])
})

test('what a dead worker had not committed is done again, and its open transaction holds nobody back', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  const first = await node.work()
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  await first.close()
  const dead = await openProducer(inject('kafka').node, { clientId: 'dead', transactionalId: txId() })
  const open = await dead.begin()
  await open.send([
    { topic: topicOfFilter(manifest.id), partition: 0, value: 'never committed' },
    { topic: PROGRESS_TOPIC, partition: 0, key: filterKey(manifest.id), value: null },
  ])
  await node.send([{ id: 2, visit: 1 }])
  await node.work()
  await node.evaluated()
  expect(await alertsOf(manifest.id)).toEqual([1, 2])
  await dead.close()
})

test('alerts that retention took before they were read are reported as a gap, and the stream goes on', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  const first = await node.work()
  await node.send([{ id: 0, visit: 1 }])
  await node.evaluated()
  await first.close()
  await node.send([3, 6, 9].map(id => ({ id, visit: 1 })))
  const admin = openKafka(inject('kafka').node, 'retention').admin()
  await admin.connect()
  // kafkajs deletes records only of topics it has asked about before.
  await admin.fetchTopicOffsets(node.stream.topic)
  await admin.deleteTopicRecords({ topic: node.stream.topic, partitions: [{ partition: 0, offset: '3' }] })
  await admin.disconnect()
  const second = await node.work()
  await node.evaluated()
  expect(await alertsOf(manifest.id)).toEqual([0, 9])
  expect(await node.metric(second, 'skysieve_feed_gap_offsets_total')).toBe(2)
})

test('a topic that was made anew is reported as a gap, and the stream goes on with its first alert, however long it has become', async () => {
  const first = node.manifest()
  const best = node.manifest({ source: 'export function filter(alert) { return alert.flux }', policy: 'best' })
  const never = { closing: { quietMs: 3_600_000, deadlineMs: 3_600_000 } }
  node.put(first)
  node.put(best)
  const before = await node.work(never)
  await node.send([1, 2, 3].map(id => ({ id, visit: 1 })))
  await node.evaluated()
  await before.close()
  await node.renewTopic()
  await node.send([4, 5, 6, 7, 8, 9].map(id => ({ id, visit: 2 })))
  const after = await node.work(never)
  await node.evaluated()
  expect(await alertsOf(first.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(await node.progress(`visit/${best.id}/1`)).toMatchObject({ seen: 3, passed: 3, gone: 3 })
  expect(await node.metric(after, 'skysieve_feed_gap_offsets_total')).toBeGreaterThan(0)
})

test('a filter that loops for ever is suspended with the reason; it stays so over a restart, and its owner’s resume ends it', async () => {
  const good = node.manifest()
  const bad = node.manifest({ source: 'export function filter(alert) { if (alert.flux > 0) for (;;); return true }' })
  node.put(good)
  node.put(bad)
  const first = await node.work()
  await node.send([1, 2, 3, 4].map(id => ({ id, visit: 1 })))
  const suspension = await until(async () => (await node.progress(filterKey(bad.id)))?.['suspension'])
  expect(suspension).toMatchObject({ generation: 1, reason: 'timeout' })
  node.ignore(bad.id)
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1, 2, 3, 4])
  await first.close()
  await node.work()
  await node.send([{ id: 5, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(bad.id)).toEqual([])
  expect(await node.progress(filterKey(bad.id))).toMatchObject({ suspension: { generation: 1 } })
  const source = 'export function filter(alert) { return true }'
  const mended = { number: 2, language: 'javascript' as const, source, sha256: '', createdAt: '2026-01-02T00:00:00Z' }
  node.put({ ...bad, versions: [...bad.versions, mended], active: 2, generation: 2 })
  await node.evaluated()
  await node.send([{ id: 6, visit: 2 }])
  await node.evaluated()
  expect(await alertsOf(bad.id)).toEqual([6])
  expect(await alertsOf(good.id)).toEqual([1, 2, 3, 4, 5, 6])
})

test('packets that come late, as after a mirror was cut off, do not close their visit with the first of them', async () => {
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 3 })
  node.put(manifest)
  await node.work({ closing: { quietMs: 6000, deadlineMs: 90_000 } })
  await node.send([{ id: 9, visit: 9 }])
  await node.evaluated()
  const sendLate = (fluxes: readonly number[]): Promise<void> =>
    node.send(fluxes.map(flux => ({ id: flux, visit: 1, flux, timestampMs: Date.now() - 20_000 })))
  await sendLate([1, 2])
  await node.evaluated()
  await sleep(1000)
  await sendLate([3, 4])
  const delivered = await until(async () => {
    const found = (await node.deliveries(manifest.id)).filter(({ visit }) => visit === 1)
    return found.length > 0 && found
  })
  expect(delivered.map(({ headers }) => Number(headers['skysieve-score']))).toEqual([4, 3, 2])
})

test('whatever timestamps the packets of a visit have, its time counts from when they came', async () => {
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 5 })
  node.put(manifest)
  const first = await node.work({ closing: { quietMs: 600_000, deadlineMs: 600_000 } })
  await node.send([{ id: 1, visit: 9 }])
  await node.evaluated()
  const beganMs = Date.now()
  const equalMs = beganMs - 60_000
  const stamps = [() => Date.now() - 7_200_000, () => Date.now() + 3_000_000, () => equalMs, () => 0]
  for (let flux = 1; flux <= 12; flux++) {
    await node.send(stamps.map((stamp, visit) => ({ id: flux, visit, flux, timestampMs: stamp() })))
    await node.evaluated()
  }
  for (const visit of stamps.keys()) {
    const state = await node.progress(`visit/${manifest.id}/${visit}`)
    expect(state).toMatchObject({ passed: 12, overCap: 7, delivered: [] })
    expect(state).not.toHaveProperty('closed')
    expect(state?.['firstMs']).toBeGreaterThan(beganMs - 5000)
    expect(state?.['lastMs']).toBeLessThan(Date.now() + 1000)
  }
  await first.close()
  await node.work({ closing: { quietMs: 1, deadlineMs: 600_000 } })
  const delivered = await until(async () => {
    const found = (await node.deliveries(manifest.id)).filter(({ visit }) => visit !== 9)
    return found.length === 20 && found
  })
  for (const visit of stamps.keys())
    expect(delivered.filter(one => one.visit === visit).map(({ alert }) => alert)).toEqual([12, 11, 10, 9, 8])
})

test('a node that is cut off from its hub closes no visit by the silence that follows', async () => {
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 3 })
  node.put(manifest)
  const cutOffMs = Date.now()
  let isCutOff = true
  const hubClock = { lateMs: (nowMs: number): number => (isCutOff ? nowMs - cutOffMs : 0) }
  await node.work({ closing: { quietMs: 1500, deadlineMs: 90_000 }, hubClock })
  const send = (fluxes: readonly number[]): Promise<void> =>
    node.send(fluxes.map(flux => ({ id: flux, visit: 1, flux, timestampMs: cutOffMs })))
  await send([1, 2])
  await node.evaluated()
  await sleep(5000)
  expect(await node.deliveries(manifest.id)).toEqual([])
  await send([3, 4])
  await node.evaluated()
  isCutOff = false
  const delivered = await until(async () => {
    const found = await node.deliveries(manifest.id)
    return found.length > 0 && found
  })
  expect(delivered.map(({ headers }) => Number(headers['skysieve-score']))).toEqual([4, 3, 2])
})

test('under `best` the highest scores of a visit go out when it closes, also when the worker was replaced in between', async () => {
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 3 })
  node.put(manifest)
  const first = await node.work({ closing: { quietMs: 3_600_000, deadlineMs: 3_600_000 } })
  await node.send([5, 1, 9, 3, 7].map((flux, id) => ({ id, visit: 1, flux })))
  await node.evaluated()
  expect(await alertsOf(manifest.id)).toEqual([])
  await first.close()
  await node.work({ closing: { quietMs: 1, deadlineMs: 3_600_000 } })
  const delivered = await until(async () => {
    const found = await node.deliveries(manifest.id)
    return found.length > 0 && found
  })
  expect(delivered.map(({ headers }) => Number(headers['skysieve-score']))).toEqual([9, 7, 5])
  expect(delivered.map(({ headers }) => headers['skysieve-position'])).toEqual(['1', '2', '3'])
  expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({
    closed: true,
    passed: 5,
    overCap: 2,
    delivered: ['2', '4', '0'],
  })
  await node.send([{ id: 8, visit: 1, flux: 100 }])
  await node.evaluated()
  expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ passed: 6, overCap: 3 })
})

test('winners of a filter that is paused within a visit go out when the visit ends, within its cap as it is then', async () => {
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 4 })
  const other = node.manifest({ cap: 1000 })
  node.put(manifest)
  node.put(other)
  const first = await node.work({ closing: { quietMs: 3_600_000, deadlineMs: 3_600_000 } })
  await node.send([5, 1, 9, 3, 7].map((flux, id) => ({ id, visit: 1, flux })))
  await node.evaluated()
  node.put({ ...manifest, cap: 2, state: 'paused' })
  await until(async () => (await node.progress(filterKey(manifest.id)))?.['lane'] === undefined)
  await node.send([{ id: 9, visit: 1, flux: 100 }])
  await node.evaluated()
  expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ passed: 5, overCap: 1, heldCount: 4 })
  expect(await node.progress(`held/${manifest.id}/1/2`)).toMatchObject({ score: 9 })
  await first.close()
  await node.work({ closing: { quietMs: 1, deadlineMs: 3_600_000 } })
  await until(async () => (await node.deliveries(manifest.id)).length === 2)
  expect((await node.deliveries(manifest.id)).map(({ alert }) => alert)).toEqual([2, 4])
  const record = await node.progress(`visit/${manifest.id}/1`)
  expect(record).toMatchObject({ passed: 5, delivered: ['2', '4'], overCap: 3, closed: true })
  expect(record).not.toHaveProperty('heldCount')
  expect(await node.progress(`held/${manifest.id}/1/2`)).toBeUndefined()
})

test('filters are added, changed, paused, resumed and deleted between two batches, and what others get does not change', async () => {
  const steady = node.manifest({ cap: 1000 })
  const other = node.manifest({ start: 'now' })
  node.put(steady)
  await node.work()
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  node.put(other)
  await node.evaluated()
  await node.send([{ id: 2, visit: 1 }])
  await node.evaluated()
  node.put({ ...other, state: 'paused' })
  await until(async () => (await node.progress(filterKey(other.id)))?.['lane'] === undefined)
  await node.send([{ id: 3, visit: 1 }])
  await node.evaluated()
  const nothing = {
    number: 2,
    language: 'javascript' as const,
    source: 'export const filter = alert => alert.id === 4n',
    sha256: '',
    createdAt: '',
  }
  node.put({ ...other, versions: [...other.versions, nothing], active: 2 })
  await node.evaluated()
  await node.send([4, 5].map(id => ({ id, visit: 1 })))
  await node.evaluated()
  expect(await alertsOf(other.id)).toEqual([2, 4])
  expect((await node.deliveries(other.id)).map(({ headers }) => headers['skysieve-version'])).toEqual(['1', '2'])
  node.put({ ...other, state: 'deleted' })
  await until(async () => (await node.progress(filterKey(other.id))) === undefined)
  const admin = openAdmin(inject('kafka').node)
  await until(async () => !(await admin.listTopics()).includes(topicOfFilter(other.id)))
  await admin.close()
  expect(await alertsOf(steady.id)).toEqual([1, 2, 3, 4, 5])
})

test('a filter’s topic that is deleted by hand is made anew, and nothing that comes then is lost, of it or of the others', async () => {
  const [struck, other] = [node.manifest({ cap: 1000 }), node.manifest({ cap: 1000 })]
  node.put(struck)
  node.put(other)
  await node.work()
  await node.send([1, 2].map(id => ({ id, visit: 1 })))
  await node.evaluated()
  const admin = openAdmin(inject('kafka').node)
  await admin.deleteTopics([topicOfFilter(struck.id)])
  await admin.close()
  await node.send([3, 4].map(id => ({ id, visit: 1 })))
  await node.evaluated()
  await node.send([{ id: 5, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(other.id)).toEqual([1, 2, 3, 4, 5])
  expect(await alertsOf(struck.id)).toEqual([3, 4, 5])
  const state = await node.progress(`visit/${struck.id}/1`)
  expect(state).toMatchObject({ seen: 5, passed: 5, overCap: 0 })
  expect(state?.['delivered']).toHaveLength(5)
})

test('a filter whose manifest has not arrived when the worker starts misses nothing', async () => {
  const manifest = node.manifest()
  const other = node.manifest()
  node.put(manifest)
  node.put(other)
  const first = await node.work()
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  await first.close()
  node.lose(manifest.id)
  await node.work()
  await node.send([2, 3].map(id => ({ id, visit: 1 })))
  await until(async () => (await alertsOf(other.id)).length === 3)
  node.put(manifest)
  await node.evaluated()
  expect(await alertsOf(manifest.id)).toEqual([1, 2, 3])
})
