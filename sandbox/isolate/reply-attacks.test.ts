// Filters that attack the reply of their host: they fail alone, with the reason, and everybody beside them has the verdicts of the same batch.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { goodFilters, neighbourBatch, javascriptFilter } from '../hostile/good-filters.ts'
import { type Verdicts } from '../sandbox.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from './open-isolate-sandbox.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const batch = neighbourBatch(32)
const good = goodFilters(5)
const ids = good.map(({ id }) => id)
const bitsOf = (verdicts: readonly Verdicts[]): number[][] => verdicts.map(({ passed }) => [...passed])

const stack = (place: string): string =>
  `export function filter() { throw { name: 'E', message: 'm', stack: 'filter.js:' + ${place} } }`
/** Each is harmless: its verdicts or its own error, and no host ends. */
const HARMLESS: Record<string, string> = {
  'a line that is no number': stack(`'9'.repeat(400) + ':1'`),
  'a column that is no number': stack(`'1:' + '9'.repeat(400)`),
  'a line beyond all files': stack(`'4294967296:4294967296'`),
  'logs in toJSON, beyond all lines': `export function filter() {
    const deep = { toJSON() { for (let i = 0; i < 200; i++) console.log('x'); return 1 } }
    for (let i = 0; i < 99; i++) console.log('y')
    console.log(deep, deep, deep)
    return true }`,
  'logs in a getter, beyond all characters': `export function filter() {
    const o = { get a() { console.log('x'.repeat(4000)); console.log('x'.repeat(4000)); return 'x'.repeat(4000) } }
    for (let i = 0; i < 9; i++) console.log(o)
    return true }`,
  'logs twice in a getter of what it logs': `export function filter(alert) {
    console.log({ get band() { console.log('one'); console.log('two'); return alert.source.band } })
    return true }`,
}

describe('beside others', () => {
  let sandbox: IsolateSandbox
  let expected: number[][]
  const restarts: string[] = []
  beforeAll(async () => {
    sandbox = await openTestIsolates({ onRestart: reason => restarts.push(reason) })
    for (const program of good) await sandbox.load(program)
    expected = bitsOf(await sandbox.evaluate(batch, ids))
  })
  afterAll(() => sandbox?.close())

  test.each(Object.entries(HARMLESS))('%s ends no host', async (_name, source) => {
    await sandbox.load({ ...javascriptFilter('odd', source), fileName: 'filter.js' })
    const verdicts = await sandbox.evaluate(batch, ['odd', ...ids])
    expect(bitsOf(verdicts.slice(1))).toEqual(expected)
    const [odd] = verdicts
    expect(odd?.failure).toBeUndefined()
    expect(odd?.logs.length).toBeLessThanOrEqual(100)
    expect(odd?.logs.join('').length).toBeLessThanOrEqual(4000 + 200)
    await sandbox.unload('odd')
    expect(restarts).toEqual([])
  })
})
