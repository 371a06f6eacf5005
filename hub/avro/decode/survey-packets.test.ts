// The surveys' own packets, where they lie beside the repository (../shared/data): every column of every packet against avsc and against known values.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { framePacket, readFrame } from '../../packet-frame.ts'
import { STREAMS, TIME_SCALES } from '../../streams.ts'
import { expectBatch, setOf, valueAt } from './avsc-values.fixture.ts'
import { assembleSchema } from '../schema/assemble-schema.ts'
import { type BatchBuilder, openBatchBuilder } from '../cursor/batch-builder.ts'
import { readContainer } from './container-reader.ts'
import { fieldsOf } from '../columns/fields.ts'
import { mergeFields } from '../columns/merge-fields.ts'
import { type AvroSchema } from '../schema/node.ts'
import { parseSchema } from '../schema/parse-schema.ts'

const data = join(import.meta.dirname, '../../../../shared/data')
const FOLDERS = new Map([
  [701, '7/1'],
  [704, '7/4'],
  [900, '9/0'],
  [1000, '10/0'],
])

interface Line {
  readonly file: string
  readonly schema_id: number
  readonly alert_id: string
  readonly visit: string
  readonly mjd: number
  readonly jd: number
  readonly bytes: number
  readonly n_prv: number | null
  readonly ra: number
}
const lines = (file: string): Line[] =>
  readFileSync(join(data, file), 'utf8')
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line))

const lsstSchemas = async (): Promise<Map<number, AvroSchema>> => {
  const schemas = new Map<number, AvroSchema>()
  for (const [id, folder] of FOLDERS)
    schemas.set(id, parseSchema(await assembleSchema(join(data, 'schemas/lsst', folder))))
  return schemas
}

/** Adds packets, comparing and emptying the batch whenever it is full. */
const filler = (builder: BatchBuilder) => {
  let cells = 0
  let alerts: unknown[] = []
  const flush = (): number => {
    cells += expectBatch(builder.take(), alerts)
    alerts = []
    builder.reset()
    return cells
  }
  const add = (body: Buffer, id: number, schema: AvroSchema) => {
    let key = builder.add(body, id, schema, 5)
    if (key === 'full') {
      flush()
      key = builder.add(body, id, schema, 5)
    }
    if (key === 'full') throw new Error('An empty batch is full')
    alerts.push(schema.type.fromBuffer(body))
    return { ...key, timeMs: builder.take().times.at(-1) }
  }
  return { add, flush }
}

describe.runIf(existsSync(data))('Packets of the surveys', () => {
  test('every column of every Rubin packet, of all schema versions in one batch, is what avsc decodes', async () => {
    const schemas = await lsstSchemas()
    const set = setOf(mergeFields(...[...schemas.values()].toReversed().map(fieldsOf)).fields)
    const all = filler(openBatchBuilder({ stream: STREAMS.lsst, set }))
    const expected = lines('lsst.jsonl')
    for (const line of expected) {
      const { schemaId, body } = readFrame(readFileSync(join(data, line.file)))
      const schema = schemas.get(schemaId)
      if (!schema) throw new Error(`No schema ${schemaId}`)
      expect(schemaId).toBe(line.schema_id)
      expect(all.add(body, schemaId, schema)).toEqual({
        alertId: BigInt(line.alert_id),
        visit: BigInt(line.visit),
        timeMs: TIME_SCALES['mjd-tai'](line.mjd),
      })
    }
    expect(expected).toHaveLength(182)
    expect(all.flush()).toBeGreaterThan(300_000)
  }, 120_000)

  test('every column of every ZTF packet, framed from its container file, is what avsc decodes', () => {
    const expected = lines('ztf.jsonl')
    const files = expected.map(line => ({ line, file: readFileSync(join(data, line.file)) }))
    const schemas = new Map<string, AvroSchema>()
    let all: ReturnType<typeof filler> | undefined
    for (const { line, file } of files) {
      const { schemaJson, datums } = readContainer(file)
      const schema = schemas.get(schemaJson) ?? parseSchema(schemaJson)
      schemas.set(schemaJson, schema)
      all ??= filler(openBatchBuilder({ stream: STREAMS.ztf, set: setOf(fieldsOf(schema)) }))
      const [datum] = datums
      if (datums.length !== 1 || !datum) throw new Error(`${line.file} has ${datums.length} alerts`)
      const id = 100_000 + [...schemas.keys()].indexOf(schemaJson)
      expect(all.add(readFrame(framePacket(id, datum)).body, id, schema)).toEqual({
        alertId: BigInt(line.alert_id),
        visit: BigInt(line.visit),
        timeMs: TIME_SCALES['jd-utc'](line.jd),
      })
      expect(valueAt(schema.type.fromBuffer(datum), 'candidate.ra')).toBe(line.ra)
    }
    expect(expected).toHaveLength(385)
    expect(all?.flush()).toBeGreaterThan(300_000)
  }, 120_000)

  test('a real packet cut anywhere is refused, with its neighbours behind it in memory', async () => {
    const schemas = await lsstSchemas()
    const [line] = lines('lsst.jsonl').filter(({ n_prv }) => (n_prv ?? 0) > 0)
    if (!line) throw new Error('No packet with history')
    const { schemaId, body } = readFrame(readFileSync(join(data, line.file)))
    const schema = schemas.get(schemaId)
    if (!schema) throw new Error(`No schema ${schemaId}`)
    const builder = openBatchBuilder({ stream: STREAMS.lsst, set: setOf(fieldsOf(schema)) })
    const memory = Buffer.concat([body, body, body])
    for (let length = 0; length < body.length; length += length < 6_000 ? 1 : 997)
      expect(() => builder.add(memory.subarray(0, length), schemaId, schema, 0)).toThrow(
        expect.objectContaining({ name: 'HubError' }),
      )
    expect(builder.rows).toBe(0)
  }, 60_000)

  test.each(['lsst/3/0', 'lsst/6/1', 'lsst/8/0', 'lsst/11/1', 'ztf/3.3', 'ztf/4.02'])(
    'the schema folder %s is assembled into one schema',
    async folder => {
      const schema = parseSchema(await assembleSchema(join(data, 'schemas', folder)))
      expect(schema.name).toMatch(/^(lsst\.v\d+_\d|ztf)\.alert$/)
      expect(fieldsOf(schema).length).toBeGreaterThan(170)
    },
  )
})
