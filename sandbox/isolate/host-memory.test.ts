// Many filters that take a lot of their host's memory without doing anything: none of them is struck for it.
import { expect, onTestFinished, test, vi } from 'vitest'
import { type ColumnSet } from '../columns/batch.ts'
import { neighbourBatch, javascriptFilter } from '../hostile/good-filters.ts'
import { type Program } from '../sandbox.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from './open-isolate-sandbox.ts'
import { filterMb, fits, mailboxMb } from './process/filter-memory.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 300_000 })

const batch = neighbourBatch(32)
/** What a filter reads whose field names are computed: 15 MB of mailbox. */
const WIDE: ColumnSet = {
  columns: [{ path: 'source.flux', kind: 'number' }],
  lists: [{ path: 'history', columns: Array.from({ length: 118 }, (_, i) => ({ path: `f${i}`, kind: 'number' })) }],
}
const wide = (id: string, source = 'export const filter = () => true'): Program => ({
  ...javascriptFilter(id, source),
  reads: WIDE,
})

async function open(memoryMb: number): Promise<{ readonly sandbox: IsolateSandbox; readonly restarts: string[] }> {
  const restarts: string[] = []
  const sandbox = await openTestIsolates({
    defaults: { hosts: 1, memoryMb },
    onRestart: reason => restarts.push(reason),
  })
  onTestFinished(() => sandbox.close())
  return { sandbox, restarts }
}

test('a host is full when its filters at rest and the limit of one of them are more than it has', () => {
  expect(mailboxMb(WIDE)).toBeGreaterThan(14)
  const programs = Array.from({ length: 5 }, (_, i) => wide(`f${i}`))
  const restMb = programs.reduce((sum, program) => sum + filterMb(program), 0)
  expect(fits(programs, restMb + 32 + 96)).toBe(true)
  expect(fits(programs, restMb + 32 + 95)).toBe(false)
})

test('forty filters with wide mailboxes get as many small hosts as they need, and nobody is struck', async () => {
  const { sandbox, restarts } = await open(256)
  const ids = Array.from({ length: 40 }, (_, i) => `wide-${i}`)
  for (const id of ids) expect(await sandbox.load(wide(id))).toMatchObject({ ok: true })
  for (let round = 0; round < 3; round++) {
    const verdicts = await sandbox.evaluate(batch, ids)
    expect(verdicts.filter(({ failure }) => failure !== undefined)).toEqual([])
  }
  expect(restarts).toEqual([])
})

test('filters that together outgrow their host are spread over several, and nobody is struck', async () => {
  const { sandbox, restarts } = await open(256)
  // Each keeps less than its limit; ten of them keep more than a host has.
  const source =
    'const kept = []\nexport function filter() { if (kept.length < 24) kept.push(new Float64Array(131072).fill(1)); return true }'
  const ids = Array.from({ length: 10 }, (_, i) => `keeps-${i}`)
  for (const id of ids) {
    const program = javascriptFilter(id, source)
    await sandbox.load({ ...program, limits: { ...program.limits, memoryMb: 48, batchMs: 5000 } })
  }
  for (let round = 0; round < 3; round++) {
    const verdicts = await sandbox.evaluate(batch, ids)
    expect(verdicts.flatMap(({ failure }) => failure ?? [])).toEqual([])
    expect(verdicts.map(({ passed }) => [...passed])).toEqual(ids.map(() => [0xffff_ffff]))
  }
  expect(restarts.length).toBeGreaterThan(0)
})
