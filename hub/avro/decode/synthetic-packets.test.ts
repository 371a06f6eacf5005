// The embedded survey's packets, realistic in schema and size: every column against avsc, and every cut refused.
import { expect, test } from 'vitest'
import { readFrame } from '../../packet-frame.ts'
import { STREAMS } from '../../streams.ts'
import { openSyntheticSource } from '../../synthetic/source.ts'
import { expectBatch, setOf } from './avsc-values.fixture.ts'
import { openBatchBuilder } from '../cursor/batch-builder.ts'
import { fieldsOf } from '../columns/fields.ts'
import { parseSchema } from '../schema/parse-schema.ts'

const source = openSyntheticSource({ seed: 7 })
const schema = parseSchema(source.schemaJson)
const packets = Array.from({ length: 60 }, (_, i) => source.packet(0, i))
const open = () => openBatchBuilder({ stream: STREAMS.lsst, set: setOf(fieldsOf(schema)) })

test('every column of synthetic packets is what avsc decodes', () => {
  const builder = open()
  const bodies = packets.map(({ packet }) => readFrame(packet).body)
  packets.forEach(({ alertId, visit }, i) => {
    expect(builder.add(bodies[i] ?? Buffer.alloc(0), source.schemaId, schema, 0)).toEqual({ alertId, visit })
  })
  const batch = builder.take()
  expect(batch.lists.every(({ items }) => items > 0)).toBe(true)
  expectBatch(
    batch,
    bodies.map(body => schema.type.fromBuffer(body)),
  )
}, 30_000)

test('a synthetic packet cut anywhere is refused, with its neighbour behind it in memory', () => {
  const builder = open()
  const { body } = readFrame(packets[0]?.packet ?? Buffer.alloc(0))
  const memory = Buffer.concat([body, body])
  for (let length = 0; length < body.length; length += length < 3_000 ? 1 : 997)
    expect(() => builder.add(memory.subarray(0, length), source.schemaId, schema, 0)).toThrow(
      expect.objectContaining({ name: 'HubError' }),
    )
  expect(builder.rows).toBe(0)
}, 30_000)
