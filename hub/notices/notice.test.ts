import avsc from 'avsc'
import { expect, test } from 'vitest'
import { openFactsReader } from './alert-facts.ts'
import { HubError } from '../errors.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { framePacket, readFrame } from '../packet-frame.ts'
import { STREAMS } from '../streams.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import {
  alertUri,
  decodeNotice,
  encodeNotice,
  FIRST_NOTICE_SCHEMA,
  NOTICE_SCHEMA,
  noticeOf,
  noticesSubject,
  noticesTopic,
} from './notice.ts'
import { incompatibilities } from '../registry/rules/compatibility-levels.ts'
import { parsePositions, positionsMessage } from '../archive/ingest/archiver-positions.ts'

const source = openSyntheticSource()
const reader = openFactsReader(STREAMS.lsst)
const schema = parseSchema(source.schemaJson)
const notices = Array.from({ length: 50 }, (_, number) => {
  const { packet } = source.packet(0, number)
  const { body, schemaId } = readFrame(packet)
  return noticeOf('lsst', reader.read(body, schemaId, schema), schemaId, packet.length)
})

test('a notice is read as it was written, in Confluent’s frame', () => {
  for (const notice of notices) {
    const value = encodeNotice(100_007, notice)
    expect(readFrame(value).schemaId).toBe(100_007)
    // Fluxes are of single precision in packets already.
    const galacticLatitude = notice.galacticLatitude === null ? null : Math.fround(notice.galacticLatitude)
    expect(decodeNotice(value)).toEqual({ ...notice, galacticLatitude })
  }
})

test('a notice is small: 250 bytes at most', () => {
  const sizes = notices.map(notice => encodeNotice(100_007, notice).length)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(250)
  expect(sizes.reduce((sum, size) => sum + size) / sizes.length).toBeGreaterThan(100)
})

const [now, before] = [parseSchema(NOTICE_SCHEMA), parseSchema(FIRST_NOTICE_SCHEMA)]
/** As a client of the registry has a schema: with its defaults. */
const clientType = (text: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(text), { registry: { long: bigintType } })
const bigintType = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a > b) - Number(a < b),
})

test('a reader of the first schema reads a notice of today, and one of today reads the first', () => {
  const [today, first] = [clientType(NOTICE_SCHEMA), clientType(FIRST_NOTICE_SCHEMA)]
  for (const notice of notices) {
    const old = framePacket(1, first.toBuffer(notice))
    const before: unknown = { ...first.fromBuffer(readFrame(old).body) }
    const { body } = readFrame(encodeNotice(1, notice))
    expect({ ...first.fromBuffer(body, first.createResolver(today)) }).toEqual(before)
    const read = decodeNotice(old)
    expect(read).toMatchObject({ ...first.fromBuffer(readFrame(old).body), galacticLatitude: null })
    expect(read).toEqual({ ...today.fromBuffer(readFrame(old).body, today.createResolver(first)) })
  }
})

test('a registry at FORWARD_TRANSITIVE or FULL_TRANSITIVE takes the schema after the first', () => {
  for (const level of ['FORWARD_TRANSITIVE', 'FULL_TRANSITIVE'] as const)
    expect(incompatibilities(level, now.root, [{ version: 1, type: before.root }])).toEqual([])
})

test('a notice that was cut off is no notice of an earlier schema', () => {
  const [notice] = notices
  const value = encodeNotice(1, notice!)
  const whole = framePacket(1, before.type.toBuffer(notice!)).length
  const lengths = Array.from({ length: value.length - 5 }, (_, at) => at + 5).filter(length => length !== whole)
  const readable = lengths.filter(length => {
    try {
      return decodeNotice(value.subarray(0, length))
    } catch (error) {
      return !(error instanceof HubError)
    }
  })
  expect(readable).toEqual([])
})

test('nothing but an id is needed', () => {
  const bare = noticeOf('ztf', { id: -1n, known: false }, 1, 10)
  expect(decodeNotice(encodeNotice(1, bare))).toMatchObject({ alertId: -1n, ra: null, flux: null, objectId: null })
})

test('addresses and topics are a stream’s own; the default stream has Rubin’s addresses', () => {
  expect(alertUri('lsst', 170_094_456_272_322_680n)).toBe('/v1/alerts/170094456272322680')
  expect(alertUri('ztf', 5n)).toBe('/v1/streams/ztf/alerts/5')
  expect([noticesTopic('ztf'), noticesSubject('ztf')]).toEqual(['ztf-notices', 'ztf-notices-value'])
})

test('positions are read as they were written, and anything else is refused', () => {
  const positions = new Map([
    [0, 9_223_372_036_854_775_807n],
    [11, 0n],
  ])
  expect(parsePositions(String(positionsMessage('lsst', positions).value))).toEqual(positions)
  for (const bad of ['', '[]', 'null', '{"0":-1}', '{"x":"1"}', '{"0":1.5}'])
    expect(() => parsePositions(bad)).toThrow(expect.objectContaining({ code: 'HUB_CONTROL_RECORD' }))
})
