import { expect, test } from 'vitest'
import { openFactsReader } from './alert-facts.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { STREAMS } from '../streams.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { alertUri, decodeNotice, encodeNotice, noticeOf, noticesSubject, noticesTopic } from './notice.ts'
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
    // These four are single-precision in packet and notice.
    expect(decodeNotice(value)).toEqual(notice)
  }
})

test('a notice is small: some 130 bytes', () => {
  const sizes = notices.map(notice => encodeNotice(100_007, notice).length)
  expect(Math.max(...sizes)).toBeLessThan(200)
  expect(sizes.reduce((sum, size) => sum + size) / sizes.length).toBeGreaterThan(100)
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
