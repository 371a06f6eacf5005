// What is a schema: the same for registry, workers and archive.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectBatch, setOf } from '../decode/avsc-values.fixture.ts'
import { openBatchBuilder } from '../cursor/batch-builder.ts'
import { readContainer } from '../decode/container-reader.ts'
import { fieldsOf } from '../columns/fields.ts'
import { parseNode } from './parse-node.ts'
import { RANDOM_STREAM } from './random-packet.fixture.ts'
import { isTooDeep } from './schema-limits.ts'
import { decodeAlert, encodeAlert } from '../decode/decode-alert.ts'
import { canonicalText, parseSchema } from './parse-schema.ts'

const record = (name: string, fields: Record<string, unknown>, more: object = {}) => ({
  type: 'record',
  name,
  ...more,
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
})
const parse = (schema: unknown) => parseNode(JSON.stringify(schema), [], true)
const KEYS = { id: 'long', visit: 'long' }
const VALUES = { id: 170_094_456_272_322_680n, visit: 2n }

/** An alert written and read by way of columns, and whole. */
const roundTrip = (schema: object, values: Record<string, unknown>) => {
  const parsed = parseSchema(JSON.stringify(schema))
  const body = encodeAlert(parsed, { ...VALUES, ...values })
  const builder = openBatchBuilder({ stream: RANDOM_STREAM, set: setOf(fieldsOf(parsed)), maxBinaryBytes: 100 })
  builder.add(body, 1, parsed, 0)
  const alert = decodeAlert(parsed, body)
  expectBatch(builder.take(), [alert])
  expect(parseSchema(canonicalText(parsed)).name).toBe(parsed.name)
  return { alert, fields: fieldsOf(parsed).map(({ list, path, kind }) => [list, path, kind].filter(Boolean).join(' ')) }
}

describe('a schema is read', () => {
  test('whatever its namespace is made of', () => {
    const schema = record('Envelope', KEYS, { namespace: 'survey-table.v1.2' })
    expect(roundTrip(schema, {}).alert).toEqual(VALUES)
    expect(parseSchema(JSON.stringify(schema)).name).toBe('survey-table.v1.2.Envelope')
    const union = { ...KEYS, x: ['null', record('a-b.R', { y: 'int' }), record('a_b.R', { z: 'int' })] }
    expect(roundTrip(record('alert', union), { x: { 'a_b.R_': { z: 1 } } }).alert['x']).toEqual({ 'a_b.R_': { z: 1 } })
  })

  test('where a named type stands in an object', () => {
    const first = record('candidate', { jd: 'double' })
    const schema = record('alert', { ...KEYS, one: first, again: { type: 'n.s.candidate' } }, { namespace: 'n.s' })
    const { fields } = roundTrip(schema, { one: { jd: 1.5 }, again: { jd: 2.5 } })
    expect(fields).toEqual(['id long', 'visit long', 'one.jd number', 'again.jd number'])
  })

  test('and a union of one type is that type', () => {
    const item = record('item', { mag: ['float'] })
    const lists = { list: [{ type: 'array', items: [item] }, 'null'], only: [['item', 'null'][0]], mag: ['double'] }
    const { fields } = roundTrip(record('alert', { ...KEYS, ...lists }), {
      list: [{ mag: 17.5 }, { mag: 18.5 }],
      only: { mag: 1.5 },
      mag: 2.25,
    })
    expect(fields).toEqual(['id long', 'visit long', 'list mag number', 'only.mag number', 'mag number'])
  })

  test('with names of no namespace inside one, names of object’s own members, and a type of several properties', () => {
    expect(() => parse(record('a.R', { x: record('S', {}, { namespace: '' }), y: 'S' }))).not.toThrow()
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf']
    const members = Object.fromEntries(names.map(name => [name, record(name, { [name]: 'int' })]))
    expect(
      roundTrip(record('alert', { ...KEYS, ...members }), Object.fromEntries(names.map(name => [name, { [name]: 1 }]))),
    ).toBeTruthy()
    expect(parse({ type: 'long', logicalType: 'timestamp-micros', name: 'x' })).toEqual({ kind: 'long' })
    expect(parse({ type: 'error', name: 'E', fields: [] })).toMatchObject({ kind: 'record' })
  })

  test('with the default of any branch of a union', () => {
    const field = (type: unknown, preset: unknown) =>
      parse({ type: 'record', name: 'alert', fields: [{ name: 'drb', type, default: preset }] })
    expect(() => field(['float', 'null'], null)).not.toThrow()
    expect(() => field(['null', 'float'], 1.5)).not.toThrow()
    expect(() => field(['float', 'null'], 'bright')).toThrow(/default of alert.drb/)
    expect(() => field('int', 2 ** 31)).toThrow(/default/)
    expect(() => field(record('R', { x: 'int' }), {})).toThrow(/default/)
  })

  test('that was registered elsewhere with what only readers of other versions would trip over', () => {
    const field = { name: 'x', type: ['null', 'int'], default: 'null', order: 'up', aliases: 'y' }
    const schema = { type: 'record', name: 'alert', fields: [field] }
    expect(parseSchema(JSON.stringify(schema)).name).toBe('alert')
    expect(() => parse(schema)).toThrow(/order|default|aliases/)
  })

  test('with the names of those it refers to; its text is then whole', () => {
    const base = JSON.stringify(record('n.Base', { x: 'int' }))
    const top = JSON.stringify(record('alert', { base: 'n.Base' }))
    expect(() => parseSchema(top)).toThrow(/n.Base/)
    const whole = parseSchema(top, [base])
    expect(canonicalText(parseSchema(whole.text))).toBe(canonicalText(whole))
  })

  // Also on real packets, where they lie beside the repository.
  const folder = join(import.meta.dirname, '../../../../shared/data/ztf/3.2')
  const files = existsSync(folder) ? readdirSync(folder).slice(0, 3) : []
  test.each(files)('inside ZTF’s %s', file => {
    expect(() => parseNode(readContainer(readFileSync(join(folder, file))).schemaJson)).not.toThrow()
  })
})

describe('a text is refused with the reason', () => {
  const many = (length: number) => Array.from({ length }, (_, i) => i)
  test.each([
    [{}, /has no type/],
    [[], /no branches/],
    ['nope', /"nope" is no type/],
    [7, /7 is no type/],
    [{ type: 'record', fields: [] }, /no name/],
    [{ type: 'record', name: 'R' }, /no fields/],
    [record('a-b', {}), /Illegal name "a-b"/],
    [record('a.b-c', {}), /Illegal name/],
    [record('R', {}, { namespace: 'a b' }), /Illegal name/],
    [record('int', {}), /Avro's own/],
    [record('R', { 'x-y': 'int' }), /illegal name "x-y"/],
    [record('R', { a: record('S', {}), b: record('S', {}) }), /redefine: S/],
    [
      {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'x', type: 'int' },
          { name: 'x', type: 'int' },
        ],
      },
      /twice/,
    ],
    [['int', 'int'], /Duplicate in union: int/],
    [['int', ['null']], /branch of another/],
    [record('R', { ['__proto__']: 'int' }), /cannot read/],
    [{ type: 'enum', name: 'E', symbols: ['constructor'] }, /cannot read/],
    [{ type: 'enum', name: 'E', symbols: ['a', 'a'] }, /twice/],
    [{ type: 'enum', name: 'E', symbols: ['a'], default: 'b' }, /none of its symbols/],
    [{ type: 'fixed', name: 'F', size: -1 }, /size/],
    [{ type: 'array' }, /no items/],
    [record('R', { x: ['null', ...many(100).map(i => record(`R${i}`, {}))] }), /101 branches/],
    [{ type: 'record', name: 'R', fields: many(10_001).map(i => ({ name: `f${i}`, type: 'int' })) }, /10000 fields/],
    [record('R', Object.fromEntries(many(257).map(i => [`f${i}`, 'null']))), /take no bytes/],
  ] as const)('%j', (schema, reason) => {
    expect(() => parse(schema)).toThrow(reason)
  })

  test('where it is nested deeper than any schema; brackets in texts do not count', () => {
    const nested = (depth: number): string => `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`
    expect([nested(199), nested(201), nested(50_000)].map(isTooDeep)).toEqual([false, true, true])
    expect(isTooDeep(JSON.stringify({ doc: `\\"${'{['.repeat(5000)}` }))).toBe(false)
    for (const depth of [65, 30_000]) expect(() => parseNode(nested(depth))).toThrow(/nest|in each other/)
    const chain = record('R0', { a: 'int' })
    const links = many(80).map(i => record(`R${i + 1}`, { a: `R${i}` }))
    expect(() =>
      parse(record('alert', { first: chain, ...Object.fromEntries(links.map((link, i) => [`l${i}`, link])) })),
    ).toThrow(/in each other/)
  })
})

/** A record that names another one twice, and that another one twice, and so on. */
const doubling = (levels: number, leaf: unknown): object => {
  let type = leaf
  for (let level = 0; level < levels; level++)
    type = record(`R${level}`, { a: type, b: level === 0 ? leaf : `R${level - 1}` })
  return record('alert', { ...KEYS, deep: type })
}

describe('records that name others twice a level', () => {
  test('are parsed, offered and walked by their types; as many fields as there can be are offered', () => {
    const schema = parseSchema(JSON.stringify(doubling(40, 'int')))
    expect(schema.type.typeName).toBe('record')
    expect(fieldsOf(schema).length).toBeLessThanOrEqual(2000)
    const small = parseSchema(JSON.stringify(doubling(3, 'int')))
    expect(fieldsOf(small)).toHaveLength(2 + 8)
  })

  test('have bytes, or too many of them for a packet are refused', () => {
    const empty = { ...record('empty', {}), fields: [] }
    expect(() => parse(record('root', { empty, deep: doubling(40, 'empty') }))).toThrow(/take no bytes/)
    expect(() => decodeAlert(parseSchema(JSON.stringify(doubling(40, 'int'))), Buffer.alloc(100))).toThrow(/bytes/)
  })
})

test('whatever JSON it is, a text is read or refused as no schema, and what is read can be encoded by', () => {
  const name = fc.constantFrom('alert', 'a', 'b', 'n.b', 'x-y.c', 'int', 'constructor', '__proto__', 'a-b', '')
  const words = fc.constantFrom(
    'null',
    'boolean',
    'int',
    'long',
    'float',
    'double',
    'bytes',
    'string',
    'a',
    'n.b',
    'lost',
  )
  const { schema: any } = fc.letrec(tie => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      words,
      fc.array(tie('schema'), { maxLength: 3 }),
      fc.record({ type: tie('schema'), logicalType: words }),
      fc.record({ type: fc.constantFrom('array', 'map'), items: tie('schema'), values: tie('schema') }),
      fc.record({ type: fc.constant('enum'), name, symbols: fc.array(name, { maxLength: 3 }) }),
      fc.record({ type: fc.constant('fixed'), name, size: fc.constantFrom(0, 3, -1) }),
      fc.record({
        type: fc.constant('record'),
        name,
        namespace: fc.option(name, { nil: undefined }),
        fields: fc.array(fc.record({ name, type: tie('schema') }), { maxLength: 3 }),
      }),
      fc.jsonValue({ maxDepth: 2 }),
    ),
  }))
  let read = 0
  fc.assert(
    fc.property(fc.array(any, { maxLength: 3 }), types => {
      const text = JSON.stringify(record('root', Object.fromEntries(types.map((type, i) => [`f${i}`, type]))))
      let schema
      try {
        schema = parseSchema(text)
      } catch (error) {
        expect(error).toMatchObject({ code: 'HUB_SCHEMA_INVALID' })
        return
      }
      read++
      expect(schema.type.typeName).toBe('record')
      expect(canonicalText(parseSchema(canonicalText(schema)))).toBe(canonicalText(schema))
      fieldsOf(schema)
    }),
    { numRuns: 1000 },
  )
  expect(read).toBeGreaterThan(100)
})
