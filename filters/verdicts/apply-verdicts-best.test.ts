// What candidates of `best` cost in progress records: each is written once, and an author is told what is not kept of it.
import { type Verdicts } from '#sandbox'
import { expect, test } from 'vitest'
import { type Entry } from '../batch/lane-batch.ts'
import { ShardState } from '../progress/shard-state.ts'
import { type CommitUnit } from '../publish/commit-unit.ts'
import { newestChanges } from '../publish/transaction-plan.ts'
import { applyVerdicts } from './apply-verdicts.ts'
import { type CappedFilter } from './capped-filter.ts'

const LANE = 'live.test'
const ROWS = 128
const MB = 1024 * 1024

const entries = (batch: number): Entry[] =>
  Array.from({ length: ROWS }, (_, row) => ({
    partition: 0,
    offset: BigInt(batch * ROWS + row),
    timestampMs: 1000,
    came: { afterMs: 0, byMs: 1000 },
    packet: Buffer.alloc(10),
    row,
    alert: BigInt(batch * ROWS + row),
    visit: 1n,
  }))

/** All pass, each better than the last. */
const verdicts = (batch: number, annotations: string): Verdicts => ({
  filter: 'f',
  version: 1,
  passed: new Uint32Array(ROWS / 32).fill(0xffff_ffff),
  errored: new Uint32Array(ROWS / 32),
  scores: Float64Array.from({ length: ROWS }, (_, row) => batch * ROWS + row + 1),
  annotations: new Map(Array.from({ length: ROWS }, (_, row) => [row, annotations])),
  logs: [],
  logsDropped: 0,
  cpuMs: 0,
})

function run(cap: number, batches: number, annotations: string) {
  const shardState = new ShardState()
  shardState.lanes.set(LANE, { stream: 'test', positions: new Map(), schemas: [], newestMs: new Map() })
  const filter: CappedFilter = { id: 'f', version: 1, cap, policy: 'best', ahead: new Map(), fromVisit: undefined }
  const units: CommitUnit[][] = []
  for (let batch = 0; batch < batches; batch++)
    units.push(
      applyVerdicts(entries(batch), [filter], [verdicts(batch, annotations)], {
        shardState,
        lane: LANE,
        topic: 't',
        writesDeadLetters: true,
        nowMs: 0,
      }),
    )
  return { shardState, units }
}

const bytesOf = (units: readonly CommitUnit[]): number =>
  [...newestChanges(units)].reduce((sum, [key, change]) => sum + key.length + (change()?.length ?? 0), 0)

test('a commit writes the candidates that are new, not all that are held: 1,000 of them with 4 KB each were 4.2 MB every time', () => {
  const { units } = run(1000, 12, JSON.stringify({ note: 'x'.repeat(4000) }))
  for (const batch of units) {
    expect(bytesOf(batch)).toBeLessThan(0.2 * MB)
    const said = batch.reduce((sum, { progressBytes }) => sum + progressBytes, 0)
    expect(said).toBeGreaterThan(bytesOf(batch) / 3)
  }
})

test('annotations of candidates are bounded by filter and visit, whatever the cap; the author is told, and none is lost with the usual cap', () => {
  const note = JSON.stringify({ note: 'x'.repeat(4000) })
  for (const [cap, isKept] of [
    [20, true],
    [64, true],
    [1000, false],
  ] as const) {
    const { shardState, units } = run(cap, 12, note)
    const [held] = [...shardState.holding('f')].map(([, state]) => state.held)
    expect(held).toHaveLength(cap)
    expect(held?.every(({ annotations }) => annotations === (isKept ? note : undefined))).toBe(true)
    const lines = units.flatMap(batch => batch.flatMap(({ logs }) => logs.flatMap(log => log.lines)))
    if (isKept) expect(lines).toEqual([])
    else
      expect(lines[0]).toBe(
        'annotations of 128 alerts were left out: under the policy best with cap 1000 they may have 262 bytes an alert (256 KB a visit); write less, or lower the cap',
      )
  }
})

test('a candidate that lost its place has no record any more', () => {
  const { shardState, units } = run(5, 3, '{}')
  const records = new Map<string, string>()
  for (const [key, change] of newestChanges(units.flat())) {
    const value = change()
    if (value !== null) records.set(key, value)
  }
  const [held] = [...shardState.holding('f')].map(([, state]) => state.held)
  expect([...records.keys()].filter(key => key.startsWith('held/')).toSorted()).toEqual(
    held?.map(({ alert }) => `held/f/1/${alert}`).toSorted(),
  )
})
