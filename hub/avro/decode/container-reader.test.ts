import { crc32, deflateRawSync } from 'node:zlib'
import { compressSync } from 'snappy'
import { expect, test } from 'vitest'
import { readContainer } from './container-reader.ts'
import { varint } from '../schema/random-packet.fixture.ts'
import { encodeAlert } from './decode-alert.ts'
import { parseSchema } from '../schema/parse-schema.ts'

const schemaJson =
  '{"type":"record","name":"alert","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"}]}'
const schema = parseSchema(schemaJson)
const datums = [1n, 2n, 3n].map(id => encodeAlert(schema, { id, name: `alert ${id}`.repeat(20) }))
const SYNC = Buffer.alloc(16, 0xab)

const sized = (bytes: Uint8Array | string): Buffer =>
  Buffer.concat([varint(Buffer.byteLength(bytes)), Buffer.from(bytes)])
const header = (meta: Record<string, string>): Buffer => {
  const entries = Object.entries(meta).flatMap(([key, value]) => [sized(key), sized(value)])
  return Buffer.concat([Buffer.from('Obj\u0001'), varint(Object.keys(meta).length), ...entries, varint(0), SYNC])
}
const block = (data: Uint8Array, count: number, sync = SYNC): Buffer =>
  Buffer.concat([varint(count), sized(data), sync])

const snappy = (data: Buffer): Buffer => {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(data))
  return Buffer.concat([Buffer.from(compressSync(data)), sum])
}
const meta = { 'avro.schema': schemaJson }
const plain = Buffer.concat(datums)

test.each([
  ['null', (data: Buffer) => data],
  ['deflate', (data: Buffer) => deflateRawSync(data)],
  ['snappy', snappy],
])('a file of several blocks compressed by %s gives its schema and its datums', (codec, pack) => {
  const [first = Buffer.alloc(0), ...rest] = datums
  const file = Buffer.concat([
    header({ ...meta, 'avro.codec': codec }),
    block(pack(first), 1),
    block(pack(Buffer.concat(rest)), 2),
  ])
  expect(readContainer(file)).toEqual({ schemaJson, datums })
})

test('a file without a codec is not compressed, and one without blocks has no datums', () => {
  expect(readContainer(Buffer.concat([header(meta), block(plain, 3)])).datums).toEqual(datums)
  expect(readContainer(header(meta)).datums).toEqual([])
})

test.each([
  ['no container', 'HUB_CONTAINER_INVALID', Buffer.from('PAR1')],
  [
    'an unknown codec',
    'HUB_CONTAINER_INVALID',
    Buffer.concat([header({ ...meta, 'avro.codec': 'zstandard' }), block(plain, 3)]),
  ],
  ['no schema', 'HUB_CONTAINER_INVALID', header({})],
  ['a wrong sync marker', 'HUB_CONTAINER_INVALID', Buffer.concat([header(meta), block(plain, 3, Buffer.alloc(16))])],
  ['too few datums', 'HUB_CONTAINER_INVALID', Buffer.concat([header(meta), block(plain, 4)])],
  ['too many datums', 'HUB_CONTAINER_INVALID', Buffer.concat([header(meta), block(plain, 2)])],
  [
    'damaged snappy',
    'HUB_CONTAINER_INVALID',
    Buffer.concat([header({ ...meta, 'avro.codec': 'snappy' }), block(snappy(plain).fill(1, 9), 3)]),
  ],
  [
    'damaged deflate',
    'HUB_CONTAINER_INVALID',
    Buffer.concat([header({ ...meta, 'avro.codec': 'deflate' }), block(plain, 3)]),
  ],
  ['a cut end', 'HUB_AVRO_TRUNCATED', Buffer.concat([header(meta), block(plain, 3)]).subarray(0, -1)],
  [
    'a datum that is not of the schema',
    'HUB_AVRO_LENGTH',
    Buffer.concat([header(meta), block(Buffer.from([2, 1]), 1)]),
  ],
  [
    'datums without bytes, of which a few bytes can announce any number',
    'HUB_CONTAINER_INVALID',
    Buffer.concat([header({ 'avro.schema': '{"type":"record","name":"none","fields":[]}' }), block(plain, 2 ** 30)]),
  ],
])('%s: %s', (_, code, file) => {
  expect(() => readContainer(file)).toThrow(expect.objectContaining({ code }))
})

test.each([
  ['null', (data: Buffer) => data],
  ['deflate', (data: Buffer) => deflateRawSync(data)],
  ['snappy', snappy],
])('limits hold for all blocks of a file together, before they are unpacked by %s', (codec, pack) => {
  const blocks = datums.map(datum => block(pack(datum), 1))
  const file = Buffer.concat([header({ ...meta, 'avro.codec': codec }), ...blocks])
  expect(readContainer(file, { maxBytes: plain.length, maxDatums: 3 }).datums).toEqual(datums)
  for (const limits of [{ maxBytes: plain.length - 1 }, { maxDatums: 2 }])
    expect(() => readContainer(file, limits)).toThrow(expect.objectContaining({ code: 'HUB_CONTAINER_INVALID' }))
})
