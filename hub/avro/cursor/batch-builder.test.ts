import { expect, test } from 'vitest'
import { type ColumnSet } from '../columns/batch.ts'
import { openBatchBuilder } from './batch-builder.ts'
import { readCell } from '../columns/read-cell.ts'
import { encodeAlert } from '../decode/decode-alert.ts'
import { parseSchema } from '../schema/parse-schema.ts'

const item = { type: 'record', name: 'item', fields: [{ name: 'flux', type: 'float' }] }
const inner = {
  type: 'record',
  name: 'inner',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'items', type: ['null', { type: 'array', items: 'item' }] },
    { name: 'stamp', type: 'bytes' },
  ],
}
const schema = parseSchema(
  JSON.stringify({
    type: 'record',
    name: 'alert',
    fields: [
      { name: 'candid', type: ['null', 'long'] },
      { name: 'pid', type: 'long' },
      { name: 'jd', type: ['null', 'double'] },
      { name: 'list', type: { type: 'array', items: item } },
      { name: 'inner', type: ['null', inner] },
    ],
  }),
)
const stream = {
  name: 'test',
  topic: 'test',
  alertId: ['candid', 'pid'],
  visit: { path: 'pid', divideBy: 10_000n },
  timeMs: [{ path: 'jd', scale: 'jd-utc' as const }],
}
const set: ColumnSet = {
  columns: [
    { path: 'inner', kind: 'present' },
    { path: 'inner.name', kind: 'string' },
    { path: 'inner.stamp', kind: 'binary' },
    { path: 'pid', kind: 'long' },
  ],
  lists: [
    { path: 'list', columns: [{ path: 'flux', kind: 'number' }] },
    {
      path: 'inner.items',
      columns: [
        { path: 'flux', kind: 'number' },
        { path: 'absent', kind: 'string' },
      ],
    },
    { path: 'nowhere', columns: [{ path: 'flux', kind: 'number' }] },
  ],
}

interface Alert {
  readonly candid?: bigint | null
  readonly pid?: bigint
  readonly jd?: number | null
  readonly list?: number
  readonly name?: string
  readonly stamp?: number
}
const alert = ({ candid = 1n, pid = 69_725_284_0015n, jd = null, list = 0, name = 'n', stamp = 0 }: Alert): Buffer =>
  encodeAlert(schema, {
    candid,
    pid,
    jd,
    list: Array.from({ length: list }, (_, flux) => ({ flux })),
    inner: { name, items: null, stamp: Buffer.alloc(stamp, 9) },
  })
const bare = encodeAlert(schema, { candid: 2n, pid: 0n, jd: 2_440_588.5, list: [], inner: null })

test('an alert gives its id, its visit and its time; the record’s timestamp stands in for a time that is null', () => {
  const builder = openBatchBuilder({ stream, set })
  expect(builder.add(alert({ candid: 2n ** 60n + 1n }), 1, schema, 1234)).toEqual({
    alertId: 2n ** 60n + 1n,
    visit: 69_725_284n,
  })
  builder.add(alert({ jd: 2_440_588.5 }), 1, schema, 1234)
  builder.add(alert({ jd: Number.NaN }), 1, schema, 1234)
  expect([...builder.take().times]).toEqual([1234, 86_400_000, 1234])
  expect([...builder.take().ids]).toEqual([2n ** 60n + 1n, 1n, 1n])
})

test('a visit below zero is rounded down, so that no two visits share a number', () => {
  expect(openBatchBuilder({ stream, set }).add(alert({ pid: -1n }), 1, schema, 0)).toMatchObject({ visit: -1n })
})

test('a null record is not present, and all in it is null', () => {
  const builder = openBatchBuilder({ stream, set })
  builder.add(alert({ list: 2 }), 1, schema, 0)
  builder.add(bare, 1, schema, 0)
  const batch = builder.take()
  const [present, name, stamp, pid] = batch.columns.map((column, c) =>
    readCell(batch, column, set.columns[c]?.kind ?? 'number', 1),
  )
  expect({ present, name, stamp, pid }).toEqual({ present: false, name: null, stamp: null, pid: 0n })
  expect(batch.lists.map(({ starts, counts }) => [starts[1], counts[1]])).toEqual([
    [2, 0],
    [0, -1],
    [0, -1],
  ])
})

test('an alert without an id is refused and leaves the batch as it was', () => {
  const builder = openBatchBuilder({ stream, set })
  builder.add(alert({ name: 'kept', list: 3, stamp: 5 }), 1, schema, 0)
  const before = structuredClone(builder.take())
  expect(() => builder.add(alert({ candid: null, name: 'lost', list: 3, stamp: 5 }), 1, schema, 0)).toThrow(
    expect.objectContaining({ code: 'HUB_ALERT_NO_ID' }),
  )
  expect(builder.take()).toEqual(before)
  builder.add(alert({ name: 'lost', stamp: 1 }), 1, schema, 0)
  const batch = builder.take()
  const [, names = new Float64Array(2), stamps = new Float64Array(2)] = batch.columns
  expect(readCell(batch, names, 'string', 1)).toBe('lost')
  expect(readCell(batch, stamps, 'binary', 0)).toEqual(Buffer.alloc(5, 9))
})

test.each([
  ['rows', { maxRows: 2 }, {}],
  ['items of a list', { maxListRows: 7 }, { list: 3 }],
  ['text', { maxTextUnits: 12 }, { name: 'four' }],
  ['bytes of binary fields', { maxBinaryBytes: 25 }, { stamp: 10 }],
] as const)('a batch is full when its %s would pass the limit; nothing is lost', (what, limits, content) => {
  const builder = openBatchBuilder({ stream, set, ...limits })
  const name = (i: number) => ('name' in content ? `${content.name}${i}` : 'n')
  const next = (i: number) => builder.add(alert({ candid: BigInt(i), ...content, name: name(i) }), 1, schema, 0)
  expect(next(0)).not.toBe('full')
  expect(next(1)).not.toBe('full')
  const before = structuredClone(builder.take())
  expect(next(2), what).toBe('full')
  expect(builder.take()).toEqual(before)
  builder.reset()
  expect(builder.rows).toBe(0)
  expect(next(2)).toMatchObject({ alertId: 2n })
})

test.each([
  ['items of a list', { maxListRows: 7 }, { list: 8 }],
  ['texts', { maxTextUnits: 12 }, { name: 'x'.repeat(12) }],
  ['bytes of binary fields', { maxBinaryBytes: 25 }, { stamp: 26 }],
] as const)('an alert with more %s than any batch holds is refused and named', (what, limits, content) => {
  const builder = openBatchBuilder({ stream, set, ...limits })
  expect(() => builder.add(alert(content), 1, schema, 0)).toThrow(
    expect.objectContaining({ code: 'HUB_ALERT_TOO_LARGE', message: expect.stringContaining(`more ${what} than`) }),
  )
  expect(builder.rows).toBe(0)
})

test('a text longer than a cell can name is refused also when the batch has rows', () => {
  const builder = openBatchBuilder({ stream, set })
  builder.add(alert({}), 1, schema, 0)
  expect(() => builder.add(alert({ name: 'x'.repeat(65_536) }), 1, schema, 0)).toThrow(
    expect.objectContaining({ code: 'HUB_ALERT_TOO_LARGE' }),
  )
})

test('a schema without the stream’s visit is refused by name, time after time', () => {
  const builder = openBatchBuilder({ stream: { ...stream, visit: { path: 'diaSource.visit' } }, set })
  for (let i = 0; i < 2; i++)
    expect(() => builder.add(bare, 1, schema, 0)).toThrow(
      expect.objectContaining({ code: 'HUB_SCHEMA_FIELD', message: expect.stringContaining('diaSource.visit') }),
    )
})
