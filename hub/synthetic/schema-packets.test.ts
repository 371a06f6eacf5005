import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openBatchBuilder } from '../avro/cursor/batch-builder.ts'
import { RANDOM_STREAM, randomPackets } from '../avro/schema/random-packet.fixture.ts'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { type Stream, STREAMS } from '../streams.ts'
import { SYNTHETIC_SCHEMA } from './schemas/rubin-schema.ts'
import { openSchemaPackets } from './schema-packets.ts'
import { ZTF_SCHEMA } from './schemas/ztf-schema.ts'

const VISIT = 100_000n

test.each([
  ['ZTF', STREAMS.ztf, ZTF_SCHEMA],
  ['LSST', STREAMS.lsst, SYNTHETIC_SCHEMA],
])('packets of %s are alerts of one visit, with ids of their own, and always the same', (_name, stream, text) => {
  const schema = parseSchema(text)
  const packets = openSchemaPackets(schema, stream, VISIT)
  const builder = openBatchBuilder({ stream, set: { columns: [], lists: [] }, maxRows: 64 })
  const keys = Array.from({ length: 64 }, (_, i) => builder.add(packets.body(i), 1, schema, 0))
  expect(new Set(keys.map(key => key !== 'full' && key.visit))).toEqual(new Set([VISIT]))
  expect(new Set(keys.map(key => key !== 'full' && key.alertId)).size).toBe(64)
  expect(openSchemaPackets(schema, stream, VISIT).body(7)).toEqual(packets.body(7))
  const times = [...builder.take().times]
  for (const time of times) expect(new Date(time).getUTCFullYear()).toBe(2025)
})

test('packets can be made from any schema that can be read', () => {
  const stream: Stream = RANDOM_STREAM
  fc.assert(
    fc.property(randomPackets(), ({ schemaJson }) => {
      const schema = parseSchema(schemaJson)
      const packets = openSchemaPackets(schema, stream, VISIT)
      for (let i = 0; i < 5; i++) expect(decodeAlert(schema, packets.body(i))).toMatchObject({ id: expect.anything() })
    }),
    { numRuns: 100 },
  )
})
