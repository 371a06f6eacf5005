// A filter moves from one mirror to another while visits come in: together they deliver what one would have delivered.
import { randomBytes } from 'node:crypto'
import { afterAll, expect, inject, test } from 'vitest'
import { type Manifest } from '../manifest.ts'
import { filterKey } from '../progress/keys.ts'
import { openTestNode, type TestAlert, testSandbox, until } from './worker.fixture.ts'

afterAll(async () => (await testSandbox()).close())

const HOUR = 3_600_000
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
