// One system, started as a user does, with small visits; everything a stranger is promised, seen from outside.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKafka, openSyntheticSource, STREAMS } from '#hub'
import { filterNamed, filters, skysieve, submit, subscribe, type Subscriber } from './client.ts'
import { expectedVisit } from './expected.ts'
import { readAll, readWithKcat, readWithPython, type Delivery } from './readers.ts'
import { freePortBase, startSystem, type RunningSystem } from './running-system.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'
import { until } from './until.ts'

const ALERTS = 300
const CAP = 20
const EXAMPLES = ['bright-new-transients', 'supernova-rise', 'variable-star', 'asteroids', 'red-and-faint']
const VISITS = [0, 1, 2].map(number => expectedVisit(number, ALERTS))
const NODE2_DISK_MB = 2000
const DELIVERY_LIMIT_MS = 240_000

let system: RunningSystem
let disk: SmallDisk
const subscribers = new Map<string, Subscriber>()

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'skysieve-e2e-'))
  disk = mountSmallDisk(join(dataDir, 'node2'), NODE2_DISK_MB)
  system = await startSystem(dataDir, await freePortBase(2), [
    '--alerts',
    String(ALERTS),
    '--interval',
    '6',
    '--no-python',
  ])
  console.log(`system started in ${(system.startedInMs / 1000).toFixed(1)} s`)
})

afterAll(async () => {
  await system?.stop()
  disk?.close()
  rmSync(system.dataDir, { recursive: true, force: true })
})

const subscriberOf = async (name: string): Promise<Subscriber> => {
  const known = subscribers.get(name)
  if (known !== undefined) return known
  const { topic } = await filterNamed(system, name)
  const made = await subscribe(system, topic)
  subscribers.set(name, made)
  return made
}

/** Deliveries of the first three visits, once all that must come is there. */
const firstVisits = async (name: string): Promise<readonly Delivery[]> => {
  const subscriber = await subscriberOf(name)
  const due = VISITS.reduce((sum, { passing }) => sum + Math.min(CAP, passing.get(name)?.size ?? 0), 0)
  const visits = new Set(VISITS.map(({ visit }) => visit))
  let seen = 0
  return until(
    `${due} deliveries of ${name}`,
    DELIVERY_LIMIT_MS,
    async () => {
      const all = await readAll(subscriber, subscriber.topic, subscriber.groupPrefix)
      const ours = all.filter(({ headers }) => visits.has(headers['skysieve-visit'] ?? ''))
      seen = ours.length
      return ours.length >= due ? ours : undefined
    },
    () => `${seen} arrived.\n${system.output()}`,
  )
}

/** Numbers of visits in ascending order: they are below 2^53. */
const visitsOf = (deliveries: readonly Delivery[]): readonly number[] =>
  [...new Set(deliveries.map(({ headers }) => Number(headers['skysieve-visit'])))].toSorted((a, b) => a - b)

test.each(EXAMPLES)('%s delivers, of each visit, what its answer says, at most its cap, byte for byte', async name => {
  const delivered = await firstVisits(name)
  for (const { visit, passing } of VISITS) {
    const wanted = passing.get(name) ?? new Map<string, string>()
    const got = delivered.filter(({ headers }) => headers['skysieve-visit'] === visit)
    const ids = got.map(({ headers }) => headers['skysieve-alert'] ?? '')
    expect(new Set(ids).size, 'no alert twice').toBe(ids.length)
    expect(
      ids.filter(id => !wanted.has(id)),
      'only alerts that pass',
    ).toEqual([])
    expect(ids.length).toBe(Math.min(CAP, wanted.size))
    for (const { headers, sha256 } of got) expect(sha256).toBe(wanted.get(headers['skysieve-alert'] ?? ''))
    const positions = got.map(({ headers }) => Number(headers['skysieve-position'])).toSorted((a, b) => a - b)
    expect(positions).toEqual(positions.map((_, at) => at + 1))
  }
})

test('Python’s client reads the same deliveries, with the schema from the registry', async () => {
  const subscriber = await subscriberOf('asteroids')
  const expected = new Set((await firstVisits('asteroids')).map(({ sha256 }) => sha256))
  const read = await readWithPython(subscriber, system.registryUrl)
  expect([...expected].filter(hash => !read.some(({ sha256 }) => sha256 === hash))).toEqual([])
  for (const { alert, visit, headers } of read) {
    expect(headers['skysieve-alert']).toBe(alert)
    expect(headers['skysieve-visit']).toBe(visit)
  }
})

test('kcat reads the same deliveries', async () => {
  const expected = (await firstVisits('variable-star')).map(({ sha256 }) => sha256)
  const read = new Set(await readWithKcat(await subscriberOf('variable-star')))
  expect(expected.filter(hash => !read.has(hash))).toEqual([])
})

test('a subscriber is refused on another topic, in another group, and when it writes', async () => {
  const subscriber = await subscriberOf('asteroids')
  const other = await filterNamed(system, 'red-and-faint')
  await expect(readAll(subscriber, other.topic, subscriber.groupPrefix)).rejects.toThrow(
    /not authorized|authorization/i,
  )
  await expect(readAll(subscriber, subscriber.topic, 'someone-else.')).rejects.toThrow(
    /not authorized|authorization|coordinator/i,
  )
  const producer = openKafka(subscriber, 'e2e', { retry: { retries: 0 } }).producer()
  await producer.connect()
  const sent = producer.send({ topic: subscriber.topic, messages: [{ value: 'forged' }] })
  await expect(sent).rejects.toThrow(/not authorized|authorization/i)
  await producer.disconnect()
})

test('a filter submitted by the command line goes live and delivers from the next visit on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-filter-'))
  writeFileSync(
    join(folder, 'every-tenth.js'),
    'export const filter = alert => alert.diaSource.diaSourceId % 10n === 0n\n',
  )
  const submitted = performance.now()
  const submission = await skysieve(system, ['filter', 'submit', 'every-tenth.js'], folder)
  expect(submission).toMatchObject({ code: 0 })
  const live = await until('every-tenth is live', DELIVERY_LIMIT_MS, async () => {
    const filter = await filterNamed(system, 'every-tenth')
    return filter.stage === 'live' ? filter : undefined
  })
  console.log(`live ${((performance.now() - submitted) / 1000).toFixed(1)} s after the command`)
  const others = await subscriberOf('asteroids')
  const visitsSoFar = visitsOf(await readAll(others, others.topic, others.groupPrefix))
  const subscriber = await subscribe(system, live.topic)
  const delivered = await until('deliveries of every-tenth', DELIVERY_LIMIT_MS, async () => {
    const all = await readAll(subscriber, subscriber.topic, subscriber.groupPrefix)
    return all.length > 0 ? all : undefined
  })
  for (const { headers } of delivered) expect(Number(BigInt(headers['skysieve-alert'] ?? '1') % 10n)).toBe(0)
  // The visit that played when it went live may be the one after the last that was delivered by then.
  expect(visitsOf(delivered)[0]).toBeLessThanOrEqual(Number(visitsSoFar.at(-1)) + 2)
})

test.each([
  ['a syntax error', 'export const filter = alert => alert..x', /line 1/i],
  ['no exported filter', 'const filter = () => true', /export/i],
  ['an import', "import 'node:fs'; export const filter = () => true", /import/i],
])('a filter with %s is refused with the reason', async (_, source, reason) => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-bad-'))
  writeFileSync(join(folder, 'bad.js'), source)
  const { code, stdout, stderr } = await skysieve(system, ['filter', 'submit', 'bad.js'], folder)
  expect(code).toBe(3)
  expect(stdout + stderr).toMatch(reason)
})

test.each([
  ['loops for ever', 'export const filter = () => { for (;;) {} }', /time|CPU|ms/i],
  ['throws', "export const filter = () => { throw new Error('not today') }", /not today/],
  ['returns garbage', "export const filter = () => 'yes'", /returned a string/],
])('a filter that %s is rejected by its trial with the reason, and the others go on', async (_, source, reason) => {
  const name = `bad-${Math.random().toString(36).slice(2, 10)}`
  await submit(system, { name, language: 'javascript', source })
  const rejected = await until('the rejection', DELIVERY_LIMIT_MS, async () => {
    const filter = await filterNamed(system, name)
    return filter.stage === 'rejected' ? filter : undefined
  })
  expect(rejected.problems.map(({ message }) => message).join('\n')).toMatch(reason)
})

test('a second filter of the same name is refused', async () => {
  const again = submit(system, {
    name: 'asteroids',
    language: 'javascript',
    source: 'export const filter = () => true',
  })
  await expect(again).rejects.toThrow(/409.*asteroids/)
})

test('packets that cannot be read become dead letters with their reason, and the stream goes on', async () => {
  const topic = STREAMS['lsst']?.topic ?? ''
  const { packet } = openSyntheticSource().packet(1000, 0)
  const unknownSchema = Buffer.from(packet)
  unknownSchema.writeUInt32BE(987_654, 1)
  const wrongMagic = Buffer.from(packet)
  wrongMagic[0] = 7
  const bad = [Buffer.alloc(0), wrongMagic, unknownSchema, packet.subarray(0, packet.length - 1000)]
  const producer = openKafka(system.hub, 'e2e').producer()
  await producer.connect()
  await producer.send({ topic, messages: bad.map(value => ({ value })) })
  const reasons = await until('four dead letters', DELIVERY_LIMIT_MS, async () => {
    const letters = await readAll(system.node(1), 'skysieve.dead-letters', 'e2e.')
    return letters.length >= bad.length ? letters.map(({ headers }) => headers['skysieve-reason']) : undefined
  })
  expect(new Set(reasons)).toEqual(
    new Set(['HUB_AVRO_TRUNCATED', 'HUB_PACKET_EMPTY', 'HUB_PACKET_MAGIC', 'HUB_SCHEMA_UNKNOWN']),
  )
  await producer.disconnect()
  const lastVisit = Number(VISITS.at(-1)?.visit)
  const { topic: asteroids, groupPrefix } = await subscriberOf('asteroids')
  const later = await until('a delivery of a visit after the bad packets', DELIVERY_LIMIT_MS, async () => {
    const all = await readAll(await subscriberOf('asteroids'), asteroids, groupPrefix)
    return all.find(({ headers }) => Number(headers['skysieve-visit']) > lastVisit)
  })
  expect(later.headers['skysieve-source']).toMatch(/^lsst-alerts-v11-\d+-\d+$/)
})

test('12 MB are refused at the hub with a clear error', async () => {
  const producer = openKafka(system.hub, 'e2e', { retry: { retries: 0 } }).producer()
  await producer.connect()
  const messages = [{ value: Buffer.alloc(12_000_000) }]
  const sent = producer.send({ topic: STREAMS['lsst']?.topic ?? '', messages })
  await expect(sent).rejects.toThrow(/larger than the max message size|too large/i)
  await producer.disconnect()
})

/** Moves a filter as an operator does; resolves when it is live there. */
const moveTo = async (name: string, mirror: string): Promise<void> => {
  expect(await skysieve(system, ['filter', 'move', name, mirror], tmpdir())).toMatchObject({ code: 0 })
  await until(`${name} is live on ${mirror}`, DELIVERY_LIMIT_MS, async () => {
    const { placement, stage } = await filterNamed(system, name)
    return placement?.mirror === mirror && stage === 'live' ? true : undefined
  })
  const known = subscribers.get(name)
  const { bootstrap } = system.node(mirror === 'node1' ? 1 : 2)
  if (known !== undefined) subscribers.set(name, { ...known, bootstrap })
}

/** An example that is live on each node. Where filters are placed depends on whose trial ends first, so one is moved if need be. */
const examplesOnBoth = async (): Promise<{ readonly node1: string; readonly node2: string }> => {
  const on = async (mirror: string): Promise<readonly string[]> =>
    (await filters(system))
      .filter(
        ({ name, placement, stage }) => placement?.mirror === mirror && stage === 'live' && EXAMPLES.includes(name),
      )
      .map(({ name }) => name)
  for (const [empty, full] of [
    ['node1', 'node2'],
    ['node2', 'node1'],
  ] as const) {
    const [moved] = (await on(empty)).length > 0 ? [] : (await on(full)).slice(1)
    if (moved !== undefined) await moveTo(moved, empty)
  }
  const [[node1 = ''], [node2 = '']] = [await on('node1'), await on('node2')]
  expect([node1, node2], 'examples that are live on node1 and node2').not.toContain('')
  return { node1, node2 }
}

test('a filter that an operator moves to the other node delivers every visit once, there or here, to the same user', async () => {
  const name = 'variable-star'
  const before = await subscriberOf(name)
  const from = (await filterNamed(system, name)).placement?.mirror
  const to = from === 'node1' ? 'node2' : 'node1'
  await moveTo(name, to)
  const after = await subscriberOf(name)
  const read = (subscriber: Subscriber): Promise<readonly Delivery[]> =>
    readAll(subscriber, before.topic, before.groupPrefix)
  await until('three visits on the other node', DELIVERY_LIMIT_MS, async () =>
    visitsOf(await read(after)).length >= 3 ? true : undefined,
  )
  const [old, fresh] = [await read(before), await read(after)]
  expect(visitsOf(old).filter(visit => visitsOf(fresh).includes(visit))).toEqual([])
  const all = [...old, ...fresh]
  // The last visit may still be playing.
  const last = visitsOf(all).at(-1) ?? 0
  for (let number = 0; Number(expectedVisit(number, 0).visit) < last; number++) {
    const { visit, passing } = expectedVisit(number, ALERTS)
    const wanted = passing.get(name) ?? new Map<string, string>()
    const ids = all
      .filter(({ headers }) => headers['skysieve-visit'] === visit)
      .map(({ headers }) => headers['skysieve-alert'] ?? '')
    expect(new Set(ids).size, 'no alert twice').toBe(ids.length)
    expect(ids.length, `of visit ${visit}`).toBe(Math.min(CAP, wanted.size))
    expect(ids.filter(id => !wanted.has(id))).toEqual([])
  }
})

test('a node whose disk is full says so, the other node goes on, and it comes back when there is room', async () => {
  const { node1: here, node2: there } = await examplesOnBoth()
  const lastVisitOf = async (name: string): Promise<number> => {
    const subscriber = await subscriberOf(name)
    return visitsOf(await readAll(subscriber, subscriber.topic, subscriber.groupPrefix)).at(-1) ?? 0
  }
  // A broker that is just coming back does not answer at once.
  const later = (name: string, than: number, limitMs: number): Promise<true> =>
    until(`a later visit of ${name}`, limitMs, async () =>
      (await lastVisitOf(name).catch(() => 0)) > than ? true : undefined,
    )

  // A filter that was just moved delivers from the next visit on.
  await later(there, 0, DELIVERY_LIMIT_MS)
  const before = await lastVisitOf(there)
  disk.fill()
  await until('word of the full disk', DELIVERY_LIMIT_MS, async () =>
    /node2-broker ended: .*Free space on its disk/.test(system.output()) ? true : undefined,
  )
  await later(here, await lastVisitOf(here), DELIVERY_LIMIT_MS)
  disk.free()
  expect(await later(there, before, 3 * DELIVERY_LIMIT_MS)).toBe(true)
})
