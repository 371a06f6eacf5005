// A batch evaluated in parts has the verdicts of the whole.
import { expect, test } from 'vitest'
import { type Verdicts } from '#sandbox'
import { joinVerdicts } from './join-verdicts.ts'

const verdicts = (over: Partial<Verdicts>): Verdicts => ({
  filter: 'f',
  version: 1,
  passed: new Uint32Array(2),
  errored: new Uint32Array(2),
  logs: [],
  logsDropped: 0,
  cpuMs: 1,
  ...over,
})

test('rows of later parts come behind those of the first', () => {
  const joined = joinVerdicts([
    { rows: 40, verdicts: verdicts({ passed: Uint32Array.of(0, 0b1000_0000), logs: ['a'], logsDropped: 2 }) },
    {
      rows: 3,
      verdicts: verdicts({
        passed: Uint32Array.of(0b010, 0),
        errored: Uint32Array.of(0b100, 0),
        scores: Float64Array.of(Number.NaN, 5, Number.NaN),
        annotations: new Map([[1, '{}']]),
        firstError: { row: 2, message: 'm' },
        logs: ['b'],
      }),
    },
  ])
  expect([...joined.passed]).toEqual([0, 0b10_1000_0000])
  expect([...joined.errored]).toEqual([0, 0b100_0000_0000])
  expect(joined.scores?.[41]).toBe(5)
  expect(joined.scores?.filter(score => !Number.isNaN(score))).toHaveLength(1)
  expect(joined).toMatchObject({
    annotations: new Map([[41, '{}']]),
    firstError: { row: 42, message: 'm' },
    logs: ['a', 'b'],
    logsDropped: 2,
    cpuMs: 2,
  })
})

test('a part that wants more, or failed, is the answer, and all of them are paid for', () => {
  const wants = { columns: [], lists: [] }
  expect(
    joinVerdicts([
      { rows: 40, verdicts: verdicts({}) },
      { rows: 1, verdicts: verdicts({ wants, cpuMs: 3 }) },
    ]),
  ).toMatchObject({
    wants,
    cpuMs: 4,
  })
})
