// A filter moves from one mirror to another while visits come in: together they deliver what one would have delivered.
import { openAdmin } from '#hub'
import { randomBytes } from 'node:crypto'
import { afterAll, expect, inject, test } from 'vitest'
import { type Handover, type Manifest } from '../manifest.ts'
import { filterKey } from '../progress/keys.ts'
import { statusTopicOf } from '../publish/topics.ts'
import { openTestNode, readTopic, type TestAlert, testSandbox, until } from './worker.fixture.ts'

afterAll(async () => (await testSandbox()).close())

const HOUR = 3_600_000
/** Two mirrors of one stream, and what both are told. */
const openMirrors = async () => {
  const run = randomBytes(4).toString('hex')
  const { node, hub } = inject('kafka')
  const [old, fresh] = [await openTestNode(node, run, `a${run}`), await openTestNode(hub, run, `b${run}`)]
  return {
    old,
    fresh,
    put: (next: Manifest): void => {
      old.put(next)
      fresh.put(next)
    },
    send: async (visit: number): Promise<void> => {
      const alerts = range(0, 20).map((id): TestAlert => ({ id: visit * 100 + id, visit }))
      await Promise.all([old.send(alerts), fresh.send(alerts)])
    },
    close: () => Promise.all([old.close(), fresh.close()]),
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

test(
  'no alert is lost or doubled between two mirrors, and the cap of a visit is counted in one place',
  { timeout: 90_000 },
  async () => {
    const run = randomBytes(4).toString('hex')
    const { node, hub } = inject('kafka')
    const [old, fresh] = [await openTestNode(node, run, `a${run}`), await openTestNode(hub, run, `b${run}`)]
    const startMs = Date.now()
    /** 20 alerts of a visit, or some of them. Mirrors have the same records, not the same offsets. */
    const send = async (visit: number, ids = range(0, 20), timestampMs = startMs + visit * 1000): Promise<void> => {
      const alerts = ids.map((id): TestAlert => ({ id: visit * 100 + id, visit, timestampMs: timestampMs + id }))
      await Promise.all([old.send(alerts), fresh.send(alerts)])
    }
    await fresh.sendRaw(Buffer.from('only here'))
    const manifest = old.manifest({ cap: 10, start: 'earliest' })
    const both = (next: Manifest): void => {
      old.put(next)
      fresh.put(next)
    }
    both(manifest)
    const workers = [await old.work(), await fresh.work()]
    await send(1, undefined, startMs - HOUR)
    await send(2)
    await send(3, range(0, 5))
    await old.evaluated()

    const moving = { to: { mirror: fresh.mirror, shard: 0 }, at: new Date().toISOString() }
    both({ ...manifest, moving })
    const cut = await until(async () => (await old.progress(filterKey(manifest.id)))?.['cut'] as Manifest['handover'])
    expect(cut.visits).toEqual(['1', '2', '3'])
    await send(3, range(5, 10))
    await send(4, range(0, 10))

    const handover = { ...cut, from: { mirror: old.mirror, shard: 0 }, until: new Date(startMs + HOUR).toISOString() }
    both({ ...manifest, placement: moving.to, handover })
    await until(async () => (await fresh.progress(filterKey(manifest.id)))?.['lane'] !== undefined)
    await send(3, range(10, 20))
    await send(4, range(10, 20))
    await workers[1]?.close()
    await send(5)
    // A late packet of a visit that was over long ago.
    await send(1, [50], startMs - HOUR)
    await fresh.work()
    await Promise.all([old.evaluated(), fresh.evaluated()])

    const visitsOf = async (of: typeof old): Promise<number[]> =>
      (await of.deliveries(manifest.id)).map(({ visit }) => visit)
    const tenOf = (...visits: number[]): number[] => visits.flatMap(visit => range(0, 10).map(() => visit))
    expect((await visitsOf(old)).toSorted((a, b) => a - b)).toEqual(tenOf(1, 2, 3))
    expect((await visitsOf(fresh)).toSorted((a, b) => a - b)).toEqual(tenOf(4, 5))
    const seen = async (of: typeof old, visit: number): Promise<unknown> =>
      (await of.progress(`visit/${manifest.id}/${visit}`))?.['seen']
    expect(await Promise.all([1, 2, 3, 4].map(visit => seen(old, visit)))).toEqual([21, 20, 20, undefined])
    expect(await Promise.all([1, 3, 4, 5].map(visit => seen(fresh, visit)))).toEqual([undefined, undefined, 20, 20])
    await Promise.all([old.close(), fresh.close()])
  },
)

test(
  'a paused and a suspended filter move as they are, and when they are resumed go on with what comes then',
  { timeout: 90_000 },
  async () => {
    const { old, fresh, put, send, close } = await openMirrors()
    const to = { mirror: fresh.mirror, shard: 0 }
    const paused = old.manifest({ cap: 10, state: 'paused' })
    const broken = old.manifest({ source: 'export function filter(alert) { return' })
    const mended = { number: 2, language: 'javascript', sha256: '', createdAt: '2026-01-01T00:00:00Z' } as const
    const source = 'export function filter(alert) { return true }'
    broken.versions.push({ ...mended, source })
    put({ ...paused, state: 'active' })
    put(broken)
    await Promise.all([old.work(), fresh.work()])
    old.ignore(broken.id)
    await send(1)
    await old.evaluated()
    put(paused)
    const filters = [paused, broken]
    const at = new Date().toISOString()
    for (const manifest of filters) put({ ...manifest, moving: { to, at } })
    for (const manifest of filters) {
      const record = await until(async () => {
        const known = await old.progress(filterKey(manifest.id))
        return known?.['cut'] !== undefined && known
      })
      const { cut, suspension } = record as unknown as Pick<Handover, 'suspension'> & { cut: Handover }
      const ends = { from: { mirror: old.mirror, shard: 0 }, until: new Date(Date.now() + HOUR).toISOString() }
      const handover = { ...cut, ...ends, ...(suspension === undefined ? {} : { suspension }) }
      put(Object.assign(manifest, { placement: to, handover }))
      const arrived = await until(async () => {
        const known = await fresh.progress(filterKey(manifest.id))
        return known?.['arrived'] === at && known
      })
      expect(arrived['suspension']).toEqual(suspension)
      expect(arrived['lane']).toBeUndefined()
    }
    expect(broken.handover?.suspension?.reason).toBe('syntax')
    await send(2)
    for (const one of [old, fresh]) one.ignore(broken.id)
    await Promise.all([old.evaluated(), fresh.evaluated()])
    put({ ...paused, state: 'active', generation: 2 })
    put({ ...broken, active: 2, generation: 2 })
    await Promise.all([old.evaluated(), fresh.evaluated()])
    await send(3)
    await Promise.all([old.evaluated(), fresh.evaluated()])
    const visitsOf = async (of: typeof old, { id }: Manifest): Promise<number[]> => [
      ...new Set((await of.deliveries(id)).map(({ visit }) => visit)),
    ]
    expect([await visitsOf(old, paused), await visitsOf(fresh, paused)]).toEqual([[1], [3]])
    expect([await visitsOf(old, broken), await visitsOf(fresh, broken)]).toEqual([[], [3]])
    await close()
  },
)

test(
  'a node tells when the visits that it kept are over, stops with its time then shortened, and speaks of the filter no more',
  { timeout: 90_000 },
  async () => {
    const { hub } = inject('kafka')
    const { old, fresh, put, send, close } = await openMirrors()
    const statusTopic = statusTopicOf(old.mirror)
    const admin = openAdmin(hub)
    await admin.createTopics([{ name: statusTopic, configs: { 'cleanup.policy': 'compact' } }])
    const newest = async (key: string) =>
      (await readTopic(hub, statusTopic)).findLast(record => String(record.key) === key)
    const manifest = old.manifest({ cap: 10 })
    put(manifest)
    await Promise.all([old.work({ hub, statusTopic }), fresh.work()])
    await send(1)
    await old.evaluated()
    const [at, to] = [new Date().toISOString(), { mirror: fresh.mirror, shard: 0 }]
    put({ ...manifest, moving: { to, at, lateMs: 3000 } })
    const cut = await until(async () => (await old.progress(filterKey(manifest.id)))?.['cut'] as Handover | undefined)
    const handover = {
      ...cut,
      from: { mirror: old.mirror, shard: 0 },
      lateMs: 3000,
      until: new Date(Date.now() + HOUR).toISOString(),
    }
    put({ ...manifest, placement: to, handover })
    const key = `node/${old.mirror}/0`
    await until(async () => {
      const { over } = JSON.parse(String((await newest(key))?.value ?? '{}')) as { over?: unknown }
      return JSON.stringify(over) === JSON.stringify([{ filter: manifest.id, at }])
    })
    expect((await old.progress(filterKey(manifest.id)))?.['lane']).toBeDefined()
    put({ ...manifest, placement: to, handover: { ...handover, until: new Date().toISOString() } })
    await until(async () => {
      const record = await old.progress(filterKey(manifest.id))
      return record !== undefined && record['lane'] === undefined
    })
    expect((await newest(manifest.id))?.value).toBeInstanceOf(Buffer)
    put({ ...manifest, placement: to })
    await until(async () => (await newest(manifest.id))?.value === null)
    await send(2)
    await fresh.evaluated()
    expect(new Set((await fresh.deliveries(manifest.id)).map(({ visit }) => visit))).toEqual(new Set([2]))
    expect((await old.deliveries(manifest.id)).map(({ visit }) => visit)).toEqual(range(0, 10).map(() => 1))
    await close()
    await admin.deleteTopics([statusTopic])
    await admin.close()
  },
)
