// Whatever happens while one filter is loaded costs the others nothing: their verdicts come, and their shard is not restored.
import { setTimeout as sleep } from 'node:timers/promises'
import { openAdmin } from '#hub'
import { type Sandbox, SandboxError } from '#sandbox'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { type Manifest, topicOfFilter } from '../manifest.ts'
import { STATUS_TOPIC } from '../publish/topics.ts'
import { sha256, sourceKey, type SourceRecord } from '../sources.ts'
import { openTestNode, readTopic, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

const SOURCE = 'export function filter(alert) { return alert.flux > 0.5 }'
const alertsOf = async (filter: string): Promise<number[]> =>
  (await node.deliveries(filter)).map(({ alert }) => alert).toSorted((a, b) => a - b)
const suspensionOf = async (filter: string): Promise<unknown> =>
  (await node.progress(`filter/${filter}`))?.['suspension'] ?? undefined

/** The real sandbox, in which loading programs of one filter throws. */
async function throwing(filter: string, what: () => unknown): Promise<Sandbox> {
  const sandbox = await testSandbox()
  return {
    load: program => (program.id.startsWith(filter) ? Promise.reject(what()) : sandbox.load(program)),
    unload: id => sandbox.unload(id),
    evaluate: (batch, filters) => sandbox.evaluate(batch, filters),
    posture: () => sandbox.posture(),
    close: () => Promise.resolve(),
  }
}

test.each([
  ['members', `export const filter = a => a${'.b'.repeat(2_500)}`, /nests deeper/],
  ['parentheses', `export const filter = a => ${'('.repeat(3_000)}1${')'.repeat(3_000)}`, /nests deeper/],
  ['syntax', 'export const filter = a => (', /Unexpected/],
])('an old manifest whose source cannot be read (%s) is suspended alone', async (_what, source, message) => {
  const [good, bad] = [node.manifest(), node.manifest({ source })]
  node.put(good)
  node.put(bad)
  node.ignore(bad.id)
  const worker = await node.work()
  await node.send([{ id: 1, visit: 1 }])
  expect(await until(() => suspensionOf(bad.id))).toMatchObject({ message: expect.stringMatching(message) })
  await node.send([{ id: 2, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1, 2])
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
})

test.each([
  ['RangeError', () => new RangeError('Maximum call stack size exceeded')],
  ['TypeError', () => new TypeError('cannot read')],
  ['no error at all', () => 'thrown text'],
  ['a program refused', () => new SandboxError('SANDBOX_PROGRAM_INVALID', 'a column twice')],
])('what is thrown while it is loaded (%s) suspends that filter alone', async (_what, thrown) => {
  const [good, bad] = [node.manifest(), node.manifest()]
  node.put(good)
  node.put(bad)
  node.ignore(bad.id)
  const worker = await node.work({ sandbox: await throwing(bad.id, thrown) })
  await node.send([{ id: 1, visit: 1 }])
  await until(() => suspensionOf(bad.id))
  await node.send([{ id: 2, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1, 2])
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
})

test('a host that does not start is waited for, by that filter alone', async () => {
  const [good, late] = [node.manifest(), node.manifest()]
  node.put(good)
  node.put(late)
  node.ignore(late.id)
  let isAway = true
  const sandbox = await testSandbox()
  const away = await throwing(late.id, () => new SandboxError('SANDBOX_HOST_START', 'no memory'))
  await node.work({
    sandbox: { ...away, load: program => (isAway ? away : sandbox).load(program) },
  })
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1])
  expect(await suspensionOf(late.id)).toBeUndefined()
  isAway = false
  node.put(late)
  await node.evaluated()
  expect(await alertsOf(late.id)).toEqual([1])
})

test('a manifest ahead of its source waits for it, and nobody else does', async () => {
  const version = {
    number: 1,
    language: 'javascript',
    sha256: sha256(SOURCE),
    createdAt: '2026-01-01T00:00:00Z',
  } as const
  const [good, early]: Manifest[] = [node.manifest(), node.manifest({ versions: [version] })]
  if (good === undefined || early === undefined) throw new Error('two manifests')
  const arrived = new Map<string, SourceRecord>()
  node.put(good)
  node.put(early)
  node.ignore(early.id)
  const worker = await node.work({ sources: { get: key => Promise.resolve(arrived.get(key)) } })
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1])
  await sleep(100)
  expect(await suspensionOf(early.id)).toBeUndefined()
  arrived.set(sourceKey(version), {
    language: 'javascript',
    source: SOURCE,
    description: '',
    names: ['alert', 'flux', 'filter'],
    everything: false,
    warnings: [],
  })
  node.put(early)
  await node.evaluated()
  expect(await alertsOf(early.id)).toEqual([1])
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
})

/** A topic whose name differs in a point only: while it is there, Kafka refuses to make the filter's. */
async function topicInTheWay(filter: string): Promise<{ remove(): Promise<void> }> {
  const admin = openAdmin(inject('kafka').node)
  const name = topicOfFilter(filter).replace('.', '_')
  await admin.createTopics([{ name, partitions: 1 }])
  return {
    remove: async () => {
      await admin.deleteTopics([name])
      await admin.close()
    },
  }
}

interface Reported {
  readonly state?: string
  readonly reason?: string
  readonly waitsFor?: string
}

async function reportedOf(filter: string): Promise<Reported> {
  const records = (await readTopic(inject('kafka').hub, STATUS_TOPIC)).filter(({ key }) => String(key) === filter)
  return JSON.parse(String(records.at(-1)?.value ?? '{}')) as Reported
}

/** The hub, with the topic that nodes report to. */
async function reportedHub() {
  const { hub } = inject('kafka')
  const admin = openAdmin(hub)
  await admin.createTopics([{ name: STATUS_TOPIC, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
  return hub
}

test('a filter whose topic cannot be made waits for it, says why, and costs nobody else anything', async () => {
  const hub = await reportedHub()
  const [good, late] = [node.manifest(), node.manifest()]
  const inTheWay = await topicInTheWay(late.id)
  node.put(good)
  node.put(late)
  node.ignore(late.id)
  const worker = await node.work({ hub })
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  expect(await alertsOf(good.id)).toEqual([1])
  expect(await until(async () => (await reportedOf(late.id)).waitsFor)).toMatch(
    new RegExp(`its topic ${topicOfFilter(late.id)} is not there yet: Creating topic .* failed`),
  )
  expect(await suspensionOf(late.id)).toBeUndefined()
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
  await inTheWay.remove()
  await until(async () => (await alertsOf(late.id)).length === 1)
  expect(await alertsOf(late.id)).toEqual([1])
  await until(async () => (await reportedOf(late.id)).waitsFor === undefined)
})

test('winners of a visit whose topic was deleted and cannot be made wait, and those of other filters go out', async () => {
  const best = { policy: 'best', cap: 3, source: 'export function filter(alert) { return alert.flux }' } as const
  const [good, late] = [node.manifest(best), node.manifest(best)]
  node.put(good)
  node.put(late)
  const first = await node.work({ closing: { quietMs: 3_600_000, deadlineMs: 3_600_000 } })
  await node.send([1, 2, 3, 4].map(id => ({ id, visit: 1, flux: id })))
  await node.evaluated()
  await first.close()
  const admin = openAdmin(inject('kafka').node)
  await admin.deleteTopics([topicOfFilter(late.id)])
  await admin.close()
  const inTheWay = await topicInTheWay(late.id)
  const worker = await node.work({ closing: { quietMs: 100, deadlineMs: 1000 } })
  await until(async () => (await alertsOf(good.id)).length === 3)
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
  expect(await alertsOf(late.id)).toEqual([])
  await inTheWay.remove()
  await until(async () => (await alertsOf(late.id)).length === 3)
  expect(await alertsOf(late.id)).toEqual([2, 3, 4])
})

test('a source that does not come is said to be missing, with what to do, and is taken when it comes all the same', async () => {
  const hub = await reportedHub()
  const version = {
    number: 1,
    language: 'javascript',
    sha256: sha256(SOURCE),
    createdAt: '2026-01-01T00:00:00Z',
  } as const
  const [good, lost] = [node.manifest(), node.manifest({ versions: [version] })]
  const arrived = new Map<string, SourceRecord>()
  node.put(good)
  node.put(lost)
  node.ignore(lost.id)
  const worker = await node.work({
    hub,
    sourceLateMs: 4000,
    sources: { get: key => Promise.resolve(arrived.get(key)) },
  })
  await node.send([{ id: 1, visit: 1 }])
  await node.evaluated()
  const early = await until(async () => {
    const reported = await reportedOf(lost.id)
    return reported.waitsFor !== undefined && reported
  })
  expect(early).toMatchObject({
    state: 'catching-up',
    waitsFor: 'the source of version 1 has not arrived on this node',
  })
  const late = await until(async () => {
    const reported = await reportedOf(lost.id)
    return reported.state === 'failed' && reported
  })
  expect(late.reason).toMatch(
    /should have long ago; it is still looked for. Submit the filter again \(skysieve filter submit/,
  )
  expect(late.waitsFor).toBe(late.reason)
  expect(await alertsOf(good.id)).toEqual([1])
  expect((await worker.health()).shards).toEqual([{ shard: 0, isUp: true }])
  arrived.set(sourceKey(version), {
    language: 'javascript',
    source: SOURCE,
    description: '',
    names: ['alert', 'flux', 'filter'],
    everything: false,
    warnings: [],
  })
  await until(async () => (await alertsOf(lost.id)).length === 1)
  await until(async () => (await reportedOf(lost.id)).state === 'live')
})
