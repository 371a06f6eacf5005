// A host is not believed: whatever bytes it answers, the supervisor gets verdicts that hold their bounds, or an error.
import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  double,
  integer,
  jsonValue,
  nat,
  oneof,
  option,
  property,
  record,
  sample,
  string,
  uint8Array,
} from 'fast-check'
import { expect, test } from 'vitest'
import { type Limits } from '../sandbox.ts'
import { GRACE_MS } from './chargeable-cpu.ts'
import { type Answering, loadOf, readLoaded, readVerdicts, type VerdictRecord } from './verdict-reader.ts'
import { RECORD_HEADER_BYTES, RecordFlag, VERDICTS_HEADER_BYTES, wordsOf } from './wire.ts'

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
  readonly cpuMs?: number
}

/** A reply whose records say these, for slots from 0. */
function replyOf(said: readonly Said[], rows: number): Buffer {
  const header = Buffer.alloc(VERDICTS_HEADER_BYTES)
  header.writeUInt32LE(1, 0)
  header.writeUInt32LE(said.length, 4)
  const records = said.map(({ passed = 0, errored = 0, flags = 0, extra = '', scores = [], cpuMs = 1.5 }, slot) => {
    const text = Buffer.from(extra)
    const bits = 4 * wordsOf(rows)
    const scoreBytes = flags & RecordFlag.scores ? rows * 8 : 0
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES + 2 * bits + scoreBytes + Math.ceil(text.length / 8) * 8)
    bytes.writeUInt32LE(slot, 0)
    bytes.writeUInt32LE(flags, 4)
    bytes.writeUInt32LE(text.length, 8)
    bytes.writeDoubleLE(cpuMs, 16)
    bytes.writeInt32LE(passed, RECORD_HEADER_BYTES)
    bytes.writeInt32LE(errored, RECORD_HEADER_BYTES + bits)
    if (scoreBytes > 0)
      for (let row = 0; row < rows; row++)
        bytes.writeDoubleLE(scores[row] ?? 0, RECORD_HEADER_BYTES + 2 * bits + 8 * row)
    text.copy(bytes, RECORD_HEADER_BYTES + 2 * bits + scoreBytes)
    return bytes
  })
  return Buffer.concat([header, ...records])
}
const reply = (said: Said, rows = 3): Buffer => replyOf([said], rows)
const read = (said: Said, rows = 3) =>
  readVerdicts(reply(said, rows), rows, slot => (slot === 0 ? PROGRAM : undefined))[0]?.verdicts

test('bits beyond the rows are dropped, and a row with an error does not pass', () => {
  const verdicts = read({ passed: -1, errored: 0b100 })
  expect([...(verdicts?.passed ?? [])]).toEqual([0b011])
  expect([...(verdicts?.errored ?? [])]).toEqual([0b100])
})

test('only positive finite scores are scores', () => {
  const verdicts = read({ passed: 0b111, flags: RecordFlag.scores, scores: [2, -1, Infinity] })
  expect([...(verdicts?.scores ?? [])]).toEqual([2, NaN, NaN])
})

test('what one filter says wrongly is its own failure, whatever the others said', () => {
  const wrong = [
    JSON.stringify({ logs: ['x'.repeat(1000)] }),
    JSON.stringify({ logs: Array.from({ length: 101 }, () => '') }),
    JSON.stringify({ annotations: [[0, `"${'x'.repeat(1000)}"`]] }),
    '{"annotations":[[0,"no JSON"]]}',
    '{"logs":"all"}',
    '{"failure":{"reason":"because"}}',
    '{"firstError":{"row":0,"message":"m","line":Infinity}}',
    '{"firstError":{"row":0,"message":"m","line":1e300}}',
    '{"firstError":{"row":0,"message":"m","line":null}}',
    '{"logsDropped":1e300}',
    '[',
    'NaN',
  ]
  const bytes = replyOf([...wrong.map(extra => ({ extra })), { passed: 1 }], 3)
  const records = readVerdicts(bytes, 3, () => PROGRAM)
  const failures = records.map(({ verdicts }) => verdicts.failure?.reason)
  expect(failures).toEqual([...wrong.map(() => 'protocol'), undefined])
  expect([...(records.at(-1)?.verdicts.passed ?? [])]).toEqual([1])
})

test('CPU time is finite, and never more than a filter can have had', () => {
  const cpu = [1.5, -1, NaN, Infinity, -Infinity, 1e300]
  const records = readVerdicts(
    replyOf(
      cpu.map(cpuMs => ({ cpuMs })),
      3,
    ),
    3,
    () => PROGRAM,
  )
  const most = 3 * (LIMITS.batchMs + GRACE_MS)
  expect(records.map(({ verdicts }) => verdicts.cpuMs)).toEqual([1.5, 0, 0, most, 0, most])
})

test('an answer to a load that cannot be read is the failure of that load', () => {
  const answer = Buffer.from('{"seq":7,"slot":0,"ok":false,"reason":"error","error":{"message":"m","line":1e99}}')
  expect(loadOf(answer)).toBe(7)
  expect(readLoaded(answer)).toMatchObject({ ok: false, reason: 'protocol' })
  expect(() => loadOf(Buffer.from('{"ok":true}'))).toThrow(/names none/)
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

test('a text far beyond all limits is not even parsed', () => {
  const depth = 1 << 19
  const verdicts = read({ extra: `{"logs":${'['.repeat(depth)}${']'.repeat(depth)}}` })
  expect(verdicts?.failure).toMatchObject({
    reason: 'protocol',
    error: { message: expect.stringMatching(/more text/) as string },
  })
  expect(read({ extra: `{"logs":${'['.repeat(9999)}${']'.repeat(9999)}}` })?.failure?.reason).toBe('protocol')
})

test('a slot that was not asked breaks the conversation', () => {
  expect(() => readVerdicts(reply({}), 3, () => undefined)).toThrow(/not asked/)
})

test('a slot that is answered twice, or a reply longer than its records, breaks the conversation', () => {
  const twice = replyOf([{}, {}], 3)
  twice.writeUInt32LE(0, VERDICTS_HEADER_BYTES + RECORD_HEADER_BYTES + 16)
  expect(() => readVerdicts(twice, 3, () => PROGRAM)).toThrow(/twice/)
  expect(() => readVerdicts(Buffer.concat([reply({}), Buffer.alloc(8)]), 3, () => PROGRAM)).toThrow(/longer/)
})

const anyDouble = oneof(double(), constantFrom(-0, 5e-324, Infinity, -Infinity, NaN, 1e308))
/** Mostly what is usual, sometimes anything. */
const seldom = <T, U>(usual: Arbitrary<T>, odd: Arbitrary<U>): Arbitrary<T | U> =>
  oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })
const anyNumber = oneof(integer(), anyDouble, constantFrom(1e300, 2 ** 53, -1))
const place = option(seldom(integer({ min: 1, max: 999 }), anyNumber), { nil: undefined })
const position = { line: place, column: place }
const text = seldom(string({ unit: 'binary', maxLength: 30 }), constantFrom('\ud800', 'x'.repeat(2000), '{}'))
/** What a filter may say, mostly of the right shape and with values at and beyond the edges. */
const extra = oneof(
  { weight: 1, arbitrary: string({ maxLength: 40 }) },
  { weight: 1, arbitrary: jsonValue().map(value => JSON.stringify(value)) },
  {
    weight: 6,
    arbitrary: record(
      {
        firstError: record({ row: seldom(nat(300), anyNumber), message: text, ...position }),
        logs: array(text, { maxLength: 3 }),
        logsDropped: seldom(nat(9), anyNumber),
        annotations: array(
          seldom(
            constantFrom([0, '{"a":1}'], [69, '[]'], [1, '"text"']),
            constantFrom([1, 'no'], [-1, '1'], [0, 5], null),
          ),
          { maxLength: 3 },
        ),
        wants: array(seldom(constantFrom('object', 'history[].flux', 'others'), constantFrom('history', 'nothing')), {
          maxLength: 2,
        }),
        failure: record({
          reason: constantFrom('error', 'timeout', 'because'),
          error: record({ message: text, ...position }),
        }),
      },
      { requiredKeys: [] },
    ).map(value => JSON.stringify(value)),
  },
)
const said = record({
  passed: integer(),
  errored: integer(),
  flags: nat(3),
  extra: oneof(constantFrom(''), extra),
  scores: array(anyDouble, { maxLength: 70 }),
  cpuMs: anyDouble,
})

const isCount = (value: number | undefined, least: number): boolean =>
  value === undefined || (Number.isInteger(value) && value >= least && value <= 1e9)
const hasBit = (words: Uint32Array, row: number): boolean => (((words[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1

/** What everybody may rely on who gets verdicts. */
function expectBounds({ verdicts }: VerdictRecord, rows: number): void {
  const { passed, errored, scores, annotations, firstError, logs, logsDropped, cpuMs, failure } = verdicts
  expect(cpuMs >= 0 && cpuMs <= 3 * (LIMITS.batchMs + GRACE_MS)).toBe(true)
  if (failure !== undefined) {
    expect([passed.length, errored.length, logs.length]).toEqual([0, 0, 0])
    expect(failure.error.message.length).toBeLessThanOrEqual(600)
    expect(isCount(failure.error.line, 1) && isCount(failure.error.column, 1)).toBe(true)
    return
  }
  if (verdicts.wants !== undefined) {
    expect([passed.length, errored.length, logs.length, annotations]).toEqual([0, 0, 0, undefined])
    return
  }
  expect([passed.length, errored.length]).toEqual([Math.ceil(rows / 32), Math.ceil(rows / 32)])
  for (let row = 0; row < 32 * passed.length; row++) {
    expect(hasBit(passed, row) && (row >= rows || hasBit(errored, row))).toBe(false)
    expect(hasBit(errored, row) && row >= rows).toBe(false)
  }
  expect(scores === undefined || scores.length === rows).toBe(true)
  for (const [row, score] of scores?.entries() ?? [])
    expect(Number.isNaN(score) || (hasBit(passed, row) && score > 0 && score < Infinity)).toBe(true)
  for (const [row, json] of annotations ?? []) {
    expect(Number.isInteger(row) && row >= 0 && row < rows).toBe(true)
    expect(() => JSON.parse(json) as unknown).not.toThrow()
  }
  expect(logs.length <= 100 && logs.join('').length <= LIMITS.logChars + 200).toBe(true)
  expect(isCount(logsDropped, 0)).toBe(true)
  if (firstError === undefined) return
  expect(firstError.row >= 0 && firstError.row < rows && firstError.message.length <= 600).toBe(true)
  expect(isCount(firstError.line, 1) && isCount(firstError.column, 1)).toBe(true)
}

const replies = record({
  records: array(said, { minLength: 1, maxLength: 5 }),
  rows: integer({ min: 1, max: 70 }),
  /** Bytes that are then changed: mostly none. */
  changes: oneof(
    { weight: 3, arbitrary: constantFrom<[number, number][]>([]) },
    {
      weight: 1,
      arbitrary: array(uint8Array({ minLength: 3, maxLength: 3 }), { maxLength: 3 }).map(all =>
        all.map(([a = 0, b = 0, value = 0]): [number, number] => [a * 256 + b, value]),
      ),
    },
  ),
})
const bytesOf = ({
  records,
  rows,
  changes,
}: {
  records: Said[]
  rows: number
  changes: [number, number][]
}): Buffer => {
  const bytes = replyOf(records, rows)
  for (const [at, value] of changes) bytes[at % bytes.length] = value
  return bytes
}

test('arbitrary bytes never give verdicts out of bounds', () => {
  assert(
    property(replies, arbitrary => {
      const bytes = bytesOf(arbitrary)
      let records
      try {
        records = readVerdicts(bytes, arbitrary.rows, () => PROGRAM)
      } catch {
        // The frame itself is broken, which only changed bytes can do.
        expect(arbitrary.changes).not.toEqual([])
        return
      }
      for (const each of records) expectBounds(each, arbitrary.rows)
    }),
    { numRuns: 1000 },
  )
})

test('such bytes are read as verdicts often enough, with and without a failure', () => {
  const records = sample(replies, { numRuns: 300, seed: 1 })
    .filter(({ changes }) => changes.length === 0)
    .flatMap(arbitrary => readVerdicts(bytesOf(arbitrary), arbitrary.rows, () => PROGRAM))
  const [failing, others] = [true, false].map(wanted =>
    records.filter(({ verdicts: { failure } }) => (failure !== undefined) === wanted),
  )
  expect(failing?.length).toBeGreaterThan(50)
  expect(others?.filter(({ verdicts: { firstError } }) => firstError !== undefined).length).toBeGreaterThan(5)
  expect(others?.filter(({ verdicts: { scores } }) => scores?.some(score => score > 0)).length).toBeGreaterThan(10)
})
