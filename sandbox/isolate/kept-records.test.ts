// What a filter keeps from one batch to the next: caches by record know each record once, and a record of a batch that is over is no other alert's.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ColumnSet } from '../columns/batch.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { type Verdicts } from '../sandbox.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from './open-isolate-sandbox.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const SET: ColumnSet = {
  columns: [
    { path: 'source.flux', kind: 'number' },
    { path: 'object', kind: 'present' },
    { path: 'object.mean', kind: 'number' },
  ],
  lists: [{ path: 'history', columns: [{ path: 'flux', kind: 'number' }] }],
}
const record = (flux: number): object => ({
  source: { flux },
  object: { mean: flux },
  history: [{ flux }, { flux: 2 * flux }],
})
const BATCHES = [[1, 2, 3], [30, 20, 10, 5], [7]].map(fluxes => batchOf({ set: SET, records: fluxes.map(record) }))

let sandbox: IsolateSandbox
let loads = 0
beforeAll(async () => {
  sandbox = await openTestIsolates()
})
afterAll(() => sandbox.close())

async function inTurn(source: string): Promise<Verdicts[]> {
  const id = `lasting-${++loads}`
  const limits = { batchMs: 5000, memoryMb: 64, logChars: 1000, annotationChars: 1000 }
  const program = { id, version: 1, runtime: 'isolate', source, fileName: 'look.js', trust: 'system', limits } as const
  const outcome = await sandbox.load({ ...program, reads: SET, offers: SET })
  if (!outcome.ok) throw new Error(outcome.error.message)
  const all: Verdicts[] = []
  for (const batch of BATCHES) all.push(...(await sandbox.evaluate(batch, [id])))
  await sandbox.unload(id)
  return all
}
const passed = (all: readonly Verdicts[]): number[] => all.map(verdicts => verdicts.passed[0] ?? 0)

const WAYS = ['', 'for (const name in alert.source) {}']

test.each(WAYS)('a cache by record has each alert’s own value %s', async look => {
  const all = await inTurn(`const memo = new WeakMap()
    const twice = record => memo.get(record) ?? (memo.set(record, 2 * record.flux), memo.get(record))
    export function filter(alert) { ${look}
      return twice(alert.source) === 2 * alert.source.flux && alert.history.every(each => twice(each) === 2 * each.flux) }`)
  expect(passed(all)).toEqual([0b111, 0b1111, 0b1])
})

test.each(WAYS)('no record was seen before %s', async look => {
  const all = await inTurn(`const seen = new Set()
    const isNew = record => !seen.has(record) && seen.add(record) === seen
    export function filter(alert) { ${look}
      return isNew(alert) && isNew(alert.source) && isNew(alert.object) && isNew(alert.history[1]) && !isNew(alert.source) }`)
  expect(passed(all)).toEqual([0b111, 0b1111, 0b1])
})

test.each(WAYS)('a record that was kept is not read as another alert’s: its author is told %s', async look => {
  const all = await inTurn(`const last = { alert: null }
    export function filter(alert) { ${look}
      const before = last.alert
      last.alert = alert
      return before !== null && before.source.flux < alert.source.flux }`)
  expect(passed(all)).toEqual([0b110, 0b0000, 0b0])
  expect(all.map(({ errored }) => errored[0])).toEqual([0, 0b1, 0b1])
  expect(all[1]?.firstError?.message).toBe(
    'TypeError: this alert belongs to a batch that is over: keep values between calls, not alerts',
  )
})

test('what other places have besides the language: a deep copy, and ways to look', async () => {
  const [verdicts] = await inTurn(`export function filter(alert) {
      const copy = structuredClone(alert)
      copy.source.flux += 1
      copy.history.sort((a, b) => b.flux - a.flux)
      console.dir(alert.source, { depth: 1 })
      console.assert(alert.source.flux < 3, 'bright')
      return copy.source.flux === alert.source.flux + 1 && alert.history[0].flux < copy.history[0].flux }`)
  expect(verdicts?.passed[0]).toBe(0b111)
  expect(verdicts?.logs).toEqual(['{"flux":1}', '{"flux":2}', '{"flux":3}', 'Assertion failed bright'])
})

test('what cannot be copied is refused by name', async () => {
  const all = await inTurn(
    `export const filter = alert => { try { structuredClone({ alert, of: () => 1 }) } catch (error) { return error.name === 'DataCloneError' } }`,
  )
  expect(passed(all)).toEqual([0b111, 0b1111, 0b1])
})
