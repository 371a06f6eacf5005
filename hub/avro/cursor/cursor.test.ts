import { describe, expect, test } from 'vitest'
import { type Column } from '../columns/batch.ts'
import { openBatchBuilder } from './batch-builder.ts'
import { encodeAlert } from '../decode/decode-alert.ts'
import { parseSchema } from '../schema/parse-schema.ts'
import { RANDOM_STREAM, varint } from '../schema/random-packet.fixture.ts'
import { readCell } from '../columns/read-cell.ts'

const schemaOf = (...fields: readonly { readonly name: string; readonly type: unknown }[]) =>
  parseSchema(
    JSON.stringify({
      type: 'record',
      name: 'alert',
      fields: [{ name: 'id', type: 'long' }, { name: 'visit', type: 'long' }, ...fields],
    }),
  )
const KEY = Buffer.concat([varint(7), varint(8)])

/** An alert whose record lies inside itself so many times. */
const deep = (links: number) => Buffer.concat([KEY, Buffer.alloc(links, 2), Buffer.from([0])])

/** The value one column reads from an alert. */
const read = (schema: ReturnType<typeof schemaOf>, column: Column, body: Buffer) => {
  const builder = openBatchBuilder({ stream: RANDOM_STREAM, set: { columns: [column], lists: [] } })
  builder.add(body, 1, schema, 0)
  const batch = builder.take()
  return readCell(batch, batch.columns[0] ?? new Float64Array(1), column.kind, 0)
}

const type = (of: unknown) => schemaOf({ name: 'x', type: of })
const value = (of: unknown, kind: Column['kind'], x: unknown) =>
  read(type(of), { path: 'x', kind }, encodeAlert(type(of), { id: 7n, visit: 8n, x }))

describe('A column', () => {
  test('of longs is exact over all 64 bits', () => {
    for (const x of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 170_094_456_272_322_680n, 0n, -1n])
      expect(value('long', 'long', x)).toBe(x)
  })

  test('of longs takes ints and whole floats, one of numbers takes longs, and what it cannot hold exactly is null', () => {
    expect(value('int', 'long', -5)).toBe(-5n)
    expect(value(['null', 'long'], 'number', -(2n ** 40n))).toBe(-(2 ** 40))
    expect(value('long', 'number', 2n ** 53n - 1n)).toBe(2 ** 53 - 1)
    expect(value('long', 'number', 2n ** 53n + 1n)).toBeNull()
    expect(value('boolean', 'number', true)).toBeNull()
    expect(value('double', 'long', -(2 ** 63))).toBe(-(2n ** 63n))
    expect(value('float', 'long', 16_777_216)).toBe(16_777_216n)
    for (const lost of [0.5, 2 ** 63, Number.NaN, Infinity]) expect(value('double', 'long', lost)).toBeNull()
  })

  test('keeps every NaN apart from null', () => {
    for (const hex of ['7ff86e7500000000', '7ff86e75ffffffff', 'fff80000000000ff']) {
      const body = Buffer.concat([KEY, Buffer.from(hex, 'hex').toReversed()])
      expect(read(type('double'), { path: 'x', kind: 'number' }, body)).toBeNaN()
    }
    expect(value(['null', 'double'], 'number', null)).toBeNull()
  })

  test('of texts takes strings of any script, the empty one and the names of an enum', () => {
    for (const x of ['', 'g', '\0', 'é', '☄ 𝄞', 'x'.repeat(65_535)]) expect(value('string', 'string', x)).toBe(x)
    expect(value({ type: 'enum', name: 'e', symbols: ['g', 'long_one'] }, 'string', 'long_one')).toBe('long_one')
    expect(value({ type: 'enum', name: 'e', symbols: ['g', 'long_one'] }, 'string', 'g')).toBe('g')
  })

  test('is null where the schema lacks its path or has another type there', () => {
    expect(read(type('string'), { path: 'x', kind: 'number' }, Buffer.concat([KEY, varint(0)]))).toBeNull()
    expect(read(type('string'), { path: 'y.z', kind: 'number' }, Buffer.concat([KEY, varint(0)]))).toBeNull()
    expect(read(type('string'), { path: 'y', kind: 'present' }, Buffer.concat([KEY, varint(0)]))).toBe(false)
  })

  test('of longs refuses the few values that look like null, which no survey uses', () => {
    const body = Buffer.concat([KEY, varint(0x7ff8_6e75_0000_0001n)])
    expect(() => read(type('long'), { path: 'x', kind: 'long' }, body)).toThrow(
      expect.objectContaining({ code: 'HUB_AVRO_VALUE' }),
    )
    expect(read(type('long'), { path: 'id', kind: 'long' }, body)).toBe(7n)
  })
})

describe('Bytes that are no alert are refused', () => {
  const wide = schemaOf(
    { name: 'i', type: 'int' },
    { name: 's', type: ['null', 'string'] },
    { name: 'b', type: 'boolean' },
    { name: 'e', type: { type: 'enum', name: 'e', symbols: ['A', 'B'] } },
    { name: 'a', type: { type: 'array', items: { type: 'record', name: 'empty', fields: [] } } },
    { name: 'm', type: { type: 'map', values: 'long' } },
  )
  const parts = { i: '02', s: '0202', text: '61', b: '01', e: '02', a: '00', m: '00', end: '' }
  const body = (changes: Partial<typeof parts>) =>
    Buffer.concat([KEY, Buffer.from(Object.values({ ...parts, ...changes }).join(''), 'hex')])
  const none = { stream: RANDOM_STREAM, set: { columns: [], lists: [] } }
  const all = { ...none, set: { columns: [], lists: [{ path: 'a', columns: [{ path: 'x', kind: 'long' as const }] }] } }

  /** So many blocks of 16,000 records without bytes. */
  const blocks = (count: number) => body({ a: '80fa01'.repeat(count) + '00' })

  test('but the unchanged bytes are read', () => {
    expect(openBatchBuilder(none).add(body({}), 1, wide, 0)).toEqual({ alertId: 7n, visit: 8n })
  })

  test.each([
    ['an int of more than 32 bits', 'HUB_AVRO_VARINT', { i: 'ffffffff1f' }],
    ['an int that never ends', 'HUB_AVRO_VARINT', { i: 'ffffffffffffffffffff' }],
    ['a branch the union lacks', 'HUB_AVRO_UNION', { s: '04' }],
    ['a negative branch', 'HUB_AVRO_UNION', { s: '01' }],
    ['a negative length', 'HUB_AVRO_LENGTH', { s: '0203' }],
    ['a length of 2^40', 'HUB_AVRO_LENGTH', { s: '02808080808080808001' }],
    ['a text longer than what is left', 'HUB_AVRO_TRUNCATED', { s: '02fe01' }],
    ['a boolean of 2', 'HUB_AVRO_VALUE', { b: '02' }],
    ['a symbol the enum lacks', 'HUB_AVRO_UNION', { e: '04' }],
    ['an array of 2^62 records without bytes', 'HUB_AVRO_LENGTH', { a: 'feffffffffffffffff00' }],
    ['an array of 2^31 - 1 records without bytes', 'HUB_AVRO_LENGTH', { a: 'feffffff0f00' }],
    ['a map of a million entries in no bytes', 'HUB_AVRO_TRUNCATED', { m: '80897a' }],
    ['a block with a negative size', 'HUB_AVRO_LENGTH', { a: '010100' }],
    ['a block that does not end where it says', 'HUB_AVRO_LENGTH', { a: '01020000' }],
    ['bytes behind the alert', 'HUB_AVRO_TRAILING', { end: '00' }],
  ])('%s: %s', (_, code, changes) => {
    for (const options of [none, all])
      expect(() => openBatchBuilder(options).add(body(changes), 1100, wide, 0)).toThrow(
        expect.objectContaining({ code }),
      )
  })

  test('and blocks of records without bytes are added up, so that decoding the whole alert ends too', () => {
    expect(openBatchBuilder(none).add(blocks(4), 1, wide, 0)).toEqual({ alertId: 7n, visit: 8n })
    expect(() => openBatchBuilder(none).add(blocks(5), 1, wide, 0)).toThrow(
      expect.objectContaining({ code: 'HUB_AVRO_LENGTH' }),
    )
    expect(() => openBatchBuilder(all).add(blocks(4), 1, wide, 0)).toThrow(
      expect.objectContaining({ code: 'HUB_ALERT_TOO_LARGE' }),
    )
  })

  test('and a record inside itself is followed only so deep', () => {
    const chain = { type: 'record', name: 'chain', fields: [{ name: 'next', type: ['null', 'chain'] }] }
    const schema = schemaOf({ name: 'chain', type: chain })
    expect(openBatchBuilder(none).add(deep(60), 1, schema, 0)).toEqual({ alertId: 7n, visit: 8n })
    expect(() => openBatchBuilder(none).add(deep(100_000), 1, schema, 0)).toThrow(
      expect.objectContaining({ code: 'HUB_AVRO_DEPTH' }),
    )
  })

  test('with a message that says where, by which schema, and what is wrong', () => {
    expect(() => openBatchBuilder(none).add(body({ s: '04' }), 1100, wide, 0)).toThrow(
      'The alert is not readable at byte 4 of 9 by schema 1100 (alert): alert.s has no branch 2',
    )
  })
})
