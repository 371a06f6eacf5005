// A host is not believed: whatever bytes it answers, the supervisor gets verdicts that hold their bounds, or an error.
import { assert, integer, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { type Limits } from '../sandbox.ts'
import { RECORD_HEADER_BYTES, RecordFlag, VERDICTS_HEADER_BYTES } from '../wire.ts'
import { type Answering, readVerdicts } from './verdict-reader.ts'

const LIMITS: Limits = { batchMs: 200, memoryMb: 32, logChars: 100, annotationChars: 10 }

const number = (path: string) => ({ path, kind: 'number' }) as const
const PROGRAM: Answering = {
  limits: LIMITS,
  reads: { columns: [number('source.flux')], lists: [{ path: 'history', columns: [] }] },
  offers: {
    columns: [number('source.flux'), { path: 'object', kind: 'present' }],
    lists: [
      { path: 'history', columns: [number('flux')] },
      { path: 'others', columns: [number('flux')] },
    ],
  },
}

interface Said {
  readonly passed?: number
  readonly errored?: number
  readonly flags?: number
  readonly extra?: string
  readonly scores?: readonly number[]
}

function reply({ passed = 0, errored = 0, flags = 0, extra = '', scores = [] }: Said): Buffer {
  const text = Buffer.from(extra)
  const padded = (text.length + 7) & ~7
  const bytes = Buffer.alloc(VERDICTS_HEADER_BYTES + RECORD_HEADER_BYTES + 16 + scores.length * 8 + padded)
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt32LE(flags, 12)
  bytes.writeUInt32LE(text.length, 16)
  bytes.writeDoubleLE(1.5, 24)
  bytes.writeInt32LE(passed, 32)
  bytes.writeInt32LE(errored, 40)
  for (const [row, score] of scores.entries()) bytes.writeDoubleLE(score, 48 + 8 * row)
  text.copy(bytes, 48 + scores.length * 8)
  return bytes
}
const read = (said: Said, rows = 3) =>
  readVerdicts(reply(said), rows, slot => (slot === 0 ? PROGRAM : undefined))[0]?.verdicts

test('bits beyond the rows are dropped, and a row with an error does not pass', () => {
  const verdicts = read({ passed: -1, errored: 0b100 })
  expect([...(verdicts?.passed ?? [])]).toEqual([0b011])
  expect([...(verdicts?.errored ?? [])]).toEqual([0b100])
})

test('only positive finite scores are scores', () => {
  const verdicts = read({ flags: RecordFlag.scores, scores: [2, -1, Infinity] })
  expect([...(verdicts?.scores ?? [])]).toEqual([2, NaN, NaN])
})

test('more text than a filter may write breaks the conversation', () => {
  expect(() => read({ extra: JSON.stringify({ logs: ['x'.repeat(1000)] }) })).toThrow(/more text/)
  expect(() => read({ extra: JSON.stringify({ annotations: [[0, 'x'.repeat(1000)]] }) })).toThrow(/more text/)
})

test('an extra of another shape breaks the conversation', () => {
  expect(() => read({ extra: '{"logs":"all"}' })).toThrow(/shape/)
  expect(() => read({ extra: '{"failure":{"reason":"because"}}' })).toThrow(/shape/)
})

test('what a filter wants is taken for columns that it is offered, and nothing else of its answer counts', () => {
  const wants = ['object', 'history[].flux', 'object', 'others', 'others[].flux']
  const verdicts = read({ passed: 7, extra: JSON.stringify({ wants, logs: ['a'], annotations: [[0, '{}']] }) })
  expect(verdicts).toEqual({
    passed: new Uint32Array(0),
    errored: new Uint32Array(0),
    logs: [],
    logsDropped: 0,
    cpuMs: 1.5,
    wants: {
      columns: [{ path: 'object', kind: 'present' }],
      lists: [
        { path: 'history', columns: [number('flux')] },
        { path: 'others', columns: [number('flux')] },
      ],
    },
  })
})

test.each([['source.flux'], ['history'], ['nothing'], ['history[].nothing'], ['nothing[].flux'], ['object', 'no']])(
  'a filter that wants what it has, or what there is not (%s), has failed, and it alone',
  (...wants) => {
    const { failure, passed } = read({ passed: 7, extra: JSON.stringify({ wants }) }) ?? {}
    expect(failure).toMatchObject({ reason: 'protocol' })
    expect(passed).toHaveLength(0)
  },
)

test('a slot that was not asked breaks the conversation', () => {
  expect(() => readVerdicts(reply({}), 3, () => undefined)).toThrow(/not asked/)
})

test('arbitrary bytes never give verdicts out of bounds', () => {
  assert(
    property(uint8Array({ minLength: 8, maxLength: 200 }), integer({ min: 1, max: 70 }), (bytes, rows) => {
      let records
      try {
        records = readVerdicts(Buffer.from(bytes), rows, () => PROGRAM)
      } catch {
        return
      }
      for (const { verdicts } of records) {
        expect(verdicts.failure !== undefined || verdicts.passed.length === Math.ceil(rows / 32)).toBe(true)
        expect(verdicts.cpuMs).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})
