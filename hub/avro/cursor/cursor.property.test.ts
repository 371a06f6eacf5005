import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HubError } from '../../errors.ts'
import { expectBatch, setOf } from '../decode/avsc-values.fixture.ts'
import { openBatchBuilder } from './batch-builder.ts'
import { fieldsOf } from '../columns/fields.ts'
import { RANDOM_STREAM, randomPackets, type RandomPackets } from '../schema/random-packet.fixture.ts'
import { decodeAlert } from '../decode/decode-alert.ts'
import { parseSchema } from '../schema/parse-schema.ts'

const open = (packets: RandomPackets, keep: (i: number) => boolean = () => true) => {
  const schema = parseSchema(packets.schemaJson)
  const set = setOf(fieldsOf(schema).filter((_, i) => keep(i)))
  const builder = openBatchBuilder({
    stream: RANDOM_STREAM,
    set,
    maxRows: 8,
    maxListRows: 512,
    maxBinaryBytes: 4096,
    maxTextUnits: 4096,
  })
  return { schema, builder }
}

test('every column of any schema is what avsc decodes, whichever columns are wanted', () => {
  fc.assert(
    fc.property(randomPackets(), fc.nat(7), (packets, mask) => {
      const { schema, builder } = open(packets, i => ((mask >> (i % 3)) & 1) === 0)
      for (const body of packets.bodies) expect(builder.add(body, 1, schema, 0)).toEqual({ alertId: 7n, visit: 8n })
      expectBatch(
        builder.take(),
        packets.bodies.map(body => schema.type.fromBuffer(body)),
      )
      for (const body of packets.bodies) decodeAlert(schema, body)
    }),
    { numRuns: 300 },
  )
})

test('a packet cut at any byte is refused, also where other packets lie behind it in memory', () => {
  fc.assert(
    fc.property(randomPackets(), packets => {
      const { schema, builder } = open(packets)
      const all = Buffer.concat([...packets.bodies, ...packets.bodies])
      const [first] = packets.bodies
      for (let length = 0; length < (first?.length ?? 0); length++) {
        expect(() => builder.add(all.subarray(0, length), 1, schema, 0)).toThrow(HubError)
        expect(() => builder.add(Buffer.from(all.subarray(0, length)), 1, schema, 0)).toThrow(HubError)
      }
      expect(() => builder.add(all, 1, schema, 0)).toThrow(expect.objectContaining({ code: 'HUB_AVRO_TRAILING' }))
      expect(builder.rows).toBe(0)
    }),
    { numRuns: 40 },
  )
})

test('a packet with changed bytes is refused, or read as avsc reads it', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
  let read = 0
  let refused = 0
  fc.assert(
    fc.property(randomPackets(), fc.array(changes, { minLength: 20, maxLength: 20 }), (packets, mutants) => {
      const { schema, builder } = open(packets)
      for (const mutant of mutants) {
        const body = Buffer.from(packets.bodies[0] ?? [])
        for (const [at, byte] of mutant) body[at % body.length] = byte
        builder.reset()
        try {
          if (builder.add(body, 1, schema, 0) === 'full') continue
        } catch (error) {
          expect(error).toBeInstanceOf(HubError)
          refused++
          continue
        }
        expectBatch(builder.take(), [schema.type.fromBuffer(body)])
        read++
      }
    }),
    { numRuns: 300 },
  )
  expect(read).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
