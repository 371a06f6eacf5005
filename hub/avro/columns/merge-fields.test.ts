// Columns over several versions of a schema: what a filter reads is what the packet has, exactly, or null.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { setOf, valueAt } from '../decode/avsc-values.fixture.ts'
import { type ColumnKind } from './batch.ts'
import { openBatchBuilder } from '../cursor/batch-builder.ts'
import { type Field, fieldsOf } from './fields.ts'
import { mergeFields } from './merge-fields.ts'
import { RANDOM_STREAM } from '../schema/random-packet.fixture.ts'
import { readCell } from './read-cell.ts'
import { decodeAlert, encodeAlert } from '../decode/decode-alert.ts'
import { type AvroSchema, parseSchema } from '../schema/parse-schema.ts'

const lines = (fields: readonly Field[]) =>
  fields.map(({ list, path, kind }) => `${list ? `${list}[].` : ''}${path} ${kind}`)

test('kinds of one path', () => {
  const kinds: readonly (readonly [newer: ColumnKind, older: ColumnKind, merged: ColumnKind, problems: number])[] = [
    ['int', 'long', 'long', 0],
    ['long', 'int', 'long', 0],
    ['int', 'number', 'number', 0],
    ['number', 'int', 'number', 0],
    ['long', 'number', 'long', 1],
    ['number', 'long', 'number', 1],
    ['boolean', 'int', 'boolean', 1],
    ['number', 'boolean', 'number', 1],
    ['string', 'number', 'string', 1],
    ['int', 'string', 'int', 1],
    ['binary', 'string', 'binary', 1],
    ['string', 'string', 'string', 0],
  ]
  for (const [newer, older, merged, problems] of kinds) {
    const result = mergeFields([{ path: 'a', kind: newer }], [{ path: 'a', kind: older }])
    expect([newer, older, ...result.fields.map(({ kind }) => kind), result.problems.length]).toEqual([
      newer,
      older,
      merged,
      problems,
    ])
  }
})

test('a record that some version lacks can be absent, so it is offered as present or not', () => {
  const { fields } = mergeFields(
    [{ path: 'id', kind: 'long' }],
    [
      { path: 'orbit.inner.a', kind: 'number' },
      { path: 'id', kind: 'long' },
    ],
  )
  expect(lines(fields)).toEqual(['id long', 'orbit present', 'orbit.inner present', 'orbit.inner.a number'])
})

test('a path is a value, a record or a list in all versions, as the newest has it, and operators are told', () => {
  const merge = (newer: Field[], older: Field[]) => {
    const { fields, problems } = mergeFields(newer, older)
    return [lines(fields), problems.length]
  }
  const value: Field[] = [{ path: 'a', kind: 'number' }]
  const record: Field[] = [{ path: 'a.x', kind: 'number' }]
  const list: Field[] = [{ path: 'x', list: 'a', kind: 'number' }]
  expect(merge(record, value)).toEqual([['a present', 'a.x number'], 1])
  expect(merge(value, record)).toEqual([['a number'], 1])
  expect(merge(list, value)).toEqual([['a[].x number'], 1])
  expect(merge(value, list)).toEqual([['a number'], 1])
  expect(merge(record, list)).toEqual([['a present', 'a.x number'], 1])
  expect(merge(list, record)).toEqual([['a[].x number'], 1])
})

test('of more fields than are offered the newest ones are', () => {
  const fields = (name: string) => Array.from({ length: 3000 }, (_, i): Field => ({ path: `${name}${i}`, kind: 'int' }))
  const { fields: merged, problems } = mergeFields(fields('a'), fields('b'))
  expect([merged.length, merged[0]?.path, problems.length]).toEqual([4000, 'a0', 1])
})

const LONGS = [0n, -1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 170_094_456_272_322_681n, -(2n ** 63n), 2n ** 63n - 1n]
const FLOATS = [0, -1.5, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, Number.NaN, Infinity, 170_094_456_272_322_688]

interface Typed {
  readonly type: unknown
  readonly value: unknown
}
const of = (type: unknown, ...values: unknown[]): fc.Arbitrary<Typed> =>
  fc.constantFrom(...values).map(value => ({ type, value }))
const scalar = fc.oneof(
  of('int', 0, -1, 2 ** 31 - 1, -(2 ** 31)),
  of('long', ...LONGS),
  of('double', ...FLOATS),
  of('float', 0, 1.5, 2 ** 31, -(2 ** 63)),
  of('boolean', true, false),
  of('string', '', 'g', '17'),
  of('bytes', Buffer.from('g')),
)
let names = 0
const record = (fields: readonly (readonly [string, Typed])[]): Typed => ({
  type: { type: 'record', name: `r${names++}`, fields: fields.map(([name, { type }]) => ({ name, type })) },
  value: Object.fromEntries(fields.map(([name, { value }]) => [name, value])),
})
const nested = (inner: fc.Arbitrary<Typed>): fc.Arbitrary<Typed> =>
  fc.oneof(
    scalar,
    fc.array(fc.tuple(fc.constantFrom('x', 'y'), inner), { maxLength: 2 }).map(fields => record([...new Map(fields)])),
    inner
      .map(x => record([['x', x]]))
      .map(({ type, value }) => ({ type: { type: 'array', items: type }, value: [value, value] })),
    inner.map(({ type, value }) => ({ type: ['null', type], value })).filter(({ type }) => !Array.isArray(type[1])),
    inner.filter(({ type }) => !Array.isArray(type)).map(({ type }) => ({ type: ['null', type], value: null })),
  )
const version = fc.tuple(nested(nested(nested(scalar))), nested(scalar)).map(([a, b]) => {
  const { type, value } = record([
    ['id', { type: 'long', value: 7n }],
    ['visit', { type: 'int', value: 8 }],
    ['a', a],
    ['b', b],
  ])
  return { schema: parseSchema(JSON.stringify(type)), alert: value as Record<string, unknown> }
})

/** What a column of the kind holds of a value: the value itself or, where it cannot, null. */
const held = (value: unknown, kind: ColumnKind): unknown => {
  if (kind === 'present')
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'string':
      return typeof value === 'string' ? value : null
    case 'binary':
      return Buffer.isBuffer(value) ? value : null
    case 'long': {
      if (typeof value === 'bigint') return value
      const isLong = typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
      return isLong ? BigInt(value) : null
    }
    default:
      if (typeof value === 'number') return value
      return typeof value === 'bigint' && BigInt.asIntN(54, value) === value && value !== -(2n ** 53n)
        ? Number(value)
        : null
  }
}

const expectHeld = (schema: AvroSchema, alert: Record<string, unknown>, fields: readonly Field[]): void => {
  const set = setOf(fields)
  const builder = openBatchBuilder({
    stream: RANDOM_STREAM,
    set,
    maxRows: 1,
    maxListRows: 16,
    maxTextUnits: 64,
    maxBinaryBytes: 64,
  })
  const body = encodeAlert(schema, alert)
  expect(builder.add(body, 1, schema, 0)).toEqual({ alertId: 7n, visit: 8n })
  const decoded = decodeAlert(schema, body)
  const batch = builder.take()
  set.columns.forEach(({ path, kind }, c) =>
    expect([path, readCell(batch, batch.columns[c]!, kind, 0)]).toEqual([path, held(valueAt(decoded, path), kind)]),
  )
  set.lists.forEach(({ path, columns }, l) => {
    const items: unknown = valueAt(decoded, path)
    const { counts, columns: cells } = batch.lists[l]!
    expect([path, counts[0]]).toEqual([path, Array.isArray(items) ? items.length : -1])
    if (!Array.isArray(items)) return
    items.forEach((item, i) => {
      columns.forEach((column, c) =>
        expect([path, column.path, readCell(batch, cells[c]!, column.kind, i)]).toEqual([
          path,
          column.path,
          held(valueAt(item, column.path), column.kind),
        ]),
      )
    })
  })
}

test('packets of any versions read as exactly what they have, or as null', () => {
  fc.assert(
    fc.property(fc.array(version, { minLength: 1, maxLength: 3 }), versions => {
      const { fields } = mergeFields(...versions.map(({ schema }) => fieldsOf(schema)))
      // What views are made of: each path once, and none both a value and a record.
      const paths = fields.map(({ list, path }) => `${list ?? ''}:${path}`)
      expect(new Set(paths).size).toBe(paths.length)
      const values = fields.filter(({ kind }) => kind !== 'present')
      for (const { list, path } of values)
        expect(fields.filter(other => other.list === list && other.path.startsWith(`${path}.`))).toEqual([])
      for (const { schema, alert } of versions) expectHeld(schema, alert, fields)
    }),
    { numRuns: 400 },
  )
})
