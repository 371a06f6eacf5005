// A host that breaks the protocol for one of its filters: that filter is found and fails, the others have their verdicts of the same batch.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { neighbourBatch, javascriptFilter } from '../../hostile/good-filters.ts'
import { type HostProgram } from '../../image/isolate-host/host-program.ts'
import { openUnsafeJail } from '../../jail/unsafe-jail.ts'
import { openRing, type Ring } from '../../protocol/batch-ring.ts'
import { type PlacedBatch } from '../../protocol/placed-batch.ts'
import { type FailureReason } from '../../sandbox.ts'
import { startHost } from '../process/host-process.ts'
import { writeLyingHost } from './lying-host.fixture.ts'
import { SupervisedHost } from './supervised-host.ts'
import { type Patience } from './unblamed-end.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

let dir: string
let ring: Ring
let files: HostProgram
let placed: PlacedBatch
let host: SupervisedHost
const ends: string[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-host-'))
  ring = openRing(dir)
  files = writeLyingHost(dir)
  const { set, rows, lists, text } = neighbourBatch(3)
  const items = lists.map(list => list.items)
  placed = { layout: 0, set, message: { offset: 0, rows, items, textUnits: text.length, binaryBytes: 0 } }
})
afterEach(() => host.close())
afterAll(() => {
  ring.close()
  rmSync(dir, { recursive: true })
})

/** A host in which a filter is loaded for each source; ids are f0, f1, … */
async function hostWith(sources: readonly string[], patience?: Patience): Promise<string[]> {
  ends.length = 0
  host = new SupervisedHost({
    takeHost: async () => {
      const host = startHost({ jail: openUnsafeJail(), ring, dir, command: { files, nodeFlags: [], memoryMb: 500 } })
      await host.ready
      return host
    },
    logger: pino({ level: 'silent' }),
    onRestart: reason => ends.push(reason),
    relief: () => undefined,
    ...(patience && { patience }),
  })
  const ids = sources.map((_, index) => `f${index}`)
  for (const [index, source] of sources.entries())
    expect(await host.load(javascriptFilter(ids[index] ?? '', source))).toMatchObject({ ok: true })
  return ids
}

const GUILTY: readonly (readonly [string, FailureReason])[] = [
  ['answers short', 'protocol'],
  ['answers for another', 'protocol'],
  ['answers another batch', 'protocol'],
  ['ends by itself', 'crash'],
]

test.each(GUILTY)('one for whom the host %s is found among others', async (source, reason) => {
  const ids = await hostWith(['', '', source, '', '', ''])
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason)).toEqual(ids.map(id => (id === 'f2' ? reason : undefined)))
  expect(ids.filter(id => verdicts.get(id)?.passed[0] === 1)).toEqual(ids.filter(id => id !== 'f2'))
  expect(ends.length).toBeLessThanOrEqual(4)
  // The next batch goes on without it, on the same host.
  const others = ids.filter(id => id !== 'f2')
  const before = ends.length
  expect([...(await host.evaluate(placed, others)).values()].every(({ failure }) => failure === undefined)).toBe(true)
  expect(ends.length).toBe(before)
})

test.each([...GUILTY, ['is killed', 'crash'] as const])(
  'one alone for whom the host %s fails, as in a trial',
  async (source, reason) => {
    const [id = ''] = await hostWith([source])
    expect((await host.evaluate(placed, [id])).get(id)?.failure?.reason).toBe(reason)
    // The next trial in the same place has its verdicts.
    await host.load(javascriptFilter('next', ''))
    expect((await host.evaluate(placed, ['next'])).get('next')?.failure).toBeUndefined()
  },
)

test('several of them are all found', async () => {
  const ids = await hostWith(['answers short', '', 'answers for another', 'bad extra', '', 'ends by itself'])
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason ?? 'none')).toEqual([
    'protocol',
    'none',
    'protocol',
    'protocol',
    'none',
    'crash',
  ])
})

test('a bad record is its filter’s failure, and ends no host', async () => {
  const ids = await hostWith(['', 'bad extra', ''])
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason)).toEqual([undefined, 'protocol', undefined])
  expect(ends).toEqual([])
})

test('a host that is killed at every batch of one filter, as if from outside, costs the others no verdict', async () => {
  const ids = await hostWith(['', 'is killed', ''])
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason)).toEqual([undefined, 'crash', undefined])
})

test('a host that goes on for ever without getting on is ended, and the one it does it for is found', async () => {
  const ids = await hostWith(['', 'goes on for ever', ''], { workMs: 500, totalMs: 60_000 })
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason)).toEqual([undefined, 'timeout', undefined])
})

test('an evaluation that had all its time is over: whoever was not answered by then has failed', async () => {
  const ids = await hostWith(['', '', 'goes on for ever', 'goes on for ever'], { workMs: 500, totalMs: 0 })
  const verdicts = await host.evaluate(placed, ids)
  expect(ids.map(id => verdicts.get(id)?.failure?.reason)).toEqual([undefined, undefined, 'timeout', 'timeout'])
  expect(ends).toEqual(['overdue', 'overdue'])
})

test('a batch whose only filter failed before it is answered breaks nothing', async () => {
  const [id = '', other = ''] = await hostWith(['bad extra', ''])
  const all = await Promise.all([
    host.evaluate(placed, [id, other]),
    host.evaluate(placed, [id]),
    host.evaluate(placed, [id, other]),
  ])
  expect(all.map(verdicts => verdicts.get(id)?.failure?.reason)).toEqual(['protocol', 'protocol', 'protocol'])
  expect(all.map(verdicts => verdicts.get(other)?.failure)).toEqual([undefined, undefined, undefined])
  expect(ends).toEqual([])
})

test('a program that ends its host while it loads is refused, and the others go on', async () => {
  const [id = ''] = await hostWith([''])
  expect(await host.load(javascriptFilter('bad', 'dies while it loads'))).toMatchObject({ ok: false, reason: 'crash' })
  expect((await host.evaluate(placed, [id])).get(id)?.failure).toBeUndefined()
})
