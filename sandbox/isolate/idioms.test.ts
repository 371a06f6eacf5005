// A filter sees its alert as the plain objects it would have at its author's desk: whatever the expression, and whatever was carried at first.
import { array, assert, asyncProperty, constantFrom, subarray } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LearnedColumns, widened } from '../columns/learned-columns.ts'
import { columnNames } from '../columns/wanted-columns.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { CHANGES, IDIOM_RECORDS, IDIOM_SET, LISTS, OF_LISTS, OF_RECORDS, RECORDS } from '../conformance/idioms.ts'
import { type Program, type Verdicts } from '../sandbox.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from './open-isolate-sandbox.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const NAMES = columnNames(IDIOM_SET)
const NOTHING = { columns: [], lists: [] }

const inRecord = (template: string, record: string, name: string): string =>
  template
    .replaceAll('PIECES.N', '`${"N1"}${"N2"}`')
    .replaceAll('N1', name.slice(0, 2))
    .replaceAll('N2', name.slice(2))
    .replaceAll(/\bN\b/g, name)
    .replaceAll(/\bR\b/g, record)

const ofRecords = (template: string): string[] =>
  Object.entries(RECORDS).flatMap(([record, names]) => names.map(name => inRecord(template, record, name)))
const ofLists = (template: string): string[] => LISTS.map(list => template.replaceAll(/\bL\b/g, list))

/** Evaluates each expression and shows what it gives, or that it throws. */
const body = (expressions: readonly string[]): string => `
  const big = (_key, value) => typeof value === 'bigint' ? value + 'n' : value
  const show = value => typeof value + ' ' + JSON.stringify(value, (_key, inner) =>
    typeof inner === 'bigint' ? inner + 'n' : inner === undefined ? 'undefined' : typeof inner === 'number' ? String(inner) : inner)
  const attempt = of => { try { return show(of()) } catch (error) { return 'throws ' + error.name } }
  return [${expressions.map(expression => `attempt(() => (${expression}))`).join(',\n')}]`

const atTheDesk = (expressions: readonly string[]): unknown[] => {
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the expressions are those of this file
  const look = new Function('alert', `'use strict'; ${body(expressions)}`) as (alert: object) => unknown
  return IDIOM_RECORDS.map(record => look(structuredClone(record)))
}

let sandbox: IsolateSandbox
let loads = 0
beforeAll(async () => {
  sandbox = await openTestIsolates()
})
afterAll(() => sandbox.close())

/** Loads it again with what it wants until it wants nothing. */
async function whole(source: string, names: readonly string[] = []): Promise<{ verdicts: Verdicts; tries: number }> {
  const reads = widened(NOTHING, names, IDIOM_SET)
  const limits = { batchMs: 5000, memoryMb: 64, logChars: 10_000, annotationChars: 500_000 }
  const program = { version: 1, runtime: 'isolate', source, fileName: 'look.js', trust: 'system', limits } as const
  const learning = new LearnedColumns({ reads, offers: IDIOM_SET })
  for (let tries = 1; ; tries++) {
    const now: Program = { ...program, id: `look-${++loads}`, reads: learning.reads, offers: IDIOM_SET }
    const outcome = await sandbox.load(now)
    if (!outcome.ok) throw new Error(outcome.error.message)
    const [verdicts] = await sandbox.evaluate(batchOf({ set: now.reads, records: IDIOM_RECORDS }), [now.id])
    await sandbox.unload(now.id)
    if (verdicts?.failure !== undefined) throw new Error(verdicts.failure.error.message)
    if (verdicts?.wants === undefined) return { verdicts: verdicts as Verdicts, tries }
    expect(learning.take(verdicts.wants, tries)).not.toEqual([])
  }
}

async function inTheSandbox(expressions: readonly string[], names?: readonly string[]): Promise<unknown[]> {
  const source = `export function filter(alert) { const look = () => {${body(expressions)}}; return { pass: true, annotations: look() } }`
  const { verdicts } = await whole(source, names)
  expect(verdicts.firstError).toBeUndefined()
  return IDIOM_RECORDS.map((_, row) => JSON.parse(verdicts.annotations?.get(row) ?? 'null') as unknown)
}

describe('as plain objects', () => {
  test.each(OF_RECORDS)('%s', async template => {
    const expressions = ofRecords(template)
    expect(await inTheSandbox(expressions)).toEqual(atTheDesk(expressions))
  })
  test.each(OF_LISTS)('%s', async template => {
    const expressions = ofLists(template)
    expect(await inTheSandbox(expressions)).toEqual(atTheDesk(expressions))
  })
})

test('any mixture of them, whatever columns were carried at first', async () => {
  const all = [...OF_RECORDS.flatMap(ofRecords), ...OF_LISTS.flatMap(ofLists)]
  await assert(
    asyncProperty(
      array(constantFrom(...all), { minLength: 1, maxLength: 12 }),
      subarray(NAMES),
      async (expressions, names) => {
        expect(await inTheSandbox(expressions, names)).toEqual(atTheDesk(expressions))
      },
    ),
    { numRuns: 60 },
  )
})

test.each(CHANGES)('an alert cannot be changed: %s', async change => {
  const source = `export function filter(alert) { if (alert.history?.length > 0) { ${change} } return true }`
  const { verdicts } = await whole(source)
  expect([...verdicts.errored]).toEqual([0b001])
  expect(verdicts.firstError).toMatchObject({ row: 0, line: 1, message: expect.stringMatching(/cannot be changed/) })
})

test('a copy can be changed, and a list of one’s own', async () => {
  const { verdicts } = await whole(`export function filter(alert) {
    const copy = { ...alert.source }
    copy.flux = 1
    delete copy.band
    return copy.flux === 1 && !('band' in copy) && alert.source.flux !== 1
  }`)
  expect([...verdicts.passed]).toEqual([0b111])
})

test('what is caught on the way is found all the same, and a loop that waits for it ends', async () => {
  const { verdicts } = await whole(`export function filter(alert) {
    for (;;) { try { return alert.source.error !== 0 } catch {} }
  }`)
  expect([...verdicts.passed]).toEqual([0b111])
})

test('what a filter writes while it learns is not told, and its logs and annotations show whole records', async () => {
  const { verdicts, tries } = await whole(`let calls = 0
    export function filter(alert) {
      console.log(++calls, alert.source)
      return { pass: true, annotations: { object: alert.object } }
    }`)
  expect(tries).toBeLessThanOrEqual(4)
  expect(verdicts.logs[0]).toBe('1 {"id":"1152921504606846978","band":"g","flagged":true,"flux":3.5,"error":0.5}')
  expect(JSON.parse(verdicts.annotations?.get(0) ?? '')).toEqual({
    object: { id: '7', g_mean: 3, r_mean: null, place: { ra: 12 } },
  })
})

test('64-bit ids are decimal text in JSON, unless the author’s replacer says otherwise', async () => {
  const { verdicts } = await whole(`export const filter = alert => ({ pass: true, annotations: [
    JSON.stringify(alert.source), JSON.stringify({ ...alert.source }), JSON.stringify(alert.id),
    JSON.stringify({ id: alert.id }, (_key, value) => typeof value === 'bigint' ? Number(value) : value) ] })`)
  const record = '{"id":"0","band":"r","flagged":null,"flux":null,"error":null}'
  expect(JSON.parse(verdicts.annotations?.get(1) ?? '')).toEqual([record, record, '"-5"', '{"id":-5}'])
})

test('a name that no record has is null, and the author is told once', async () => {
  const { verdicts } = await whole(
    'export const filter = alert => alert.source.filterName === null && (alert.history ?? []).every(each => each.mag === null)',
  )
  expect([...verdicts.passed]).toEqual([0b111])
  expect(verdicts.logs).toEqual([
    'alert.source has no field filterName: it is null',
    'alert.history[] has no field mag: it is null',
  ])
})
