import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { readContainer } from '../avro/decode/container-reader.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { encodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { STREAMS } from '../streams.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { fluxOfMagnitude } from './magnitude-to-flux.ts'
import { openFactsReader } from './alert-facts.ts'

const DATA = join(import.meta.dirname, '../../../shared/data')

test('a synthetic alert’s facts are those of the alert that was encoded', () => {
  const reader = openFactsReader(STREAMS.lsst)
  const source = openSyntheticSource({ seed: 7 })
  const schema = parseSchema(source.schemaJson)
  for (let number = 0; number < 40; number++) {
    const { alertId, alert, packet } = source.packet(1, number)
    const { body, schemaId } = readFrame(packet)
    const { diaSource, prvDiaSources } = alert
    const facts = reader.read(body, schemaId, schema)
    expect(facts).toMatchObject({
      id: alertId,
      visit: diaSource.visit,
      mjdTai: diaSource.midpointMjdTai,
      band: diaSource.band,
      raDeg: diaSource.ra,
      decDeg: diaSource.dec,
      flux: diaSource.psfFlux === null ? undefined : Math.fround(Number(diaSource.psfFlux)),
      objectId: String(
        diaSource.diaObjectId === 0n ? diaSource.ssObjectId : (diaSource.diaObjectId ?? diaSource.ssObjectId),
      ),
    })
    const times = prvDiaSources?.map(({ midpointMjdTai }) => midpointMjdTai) ?? []
    if (times.length > 0)
      expect(facts).toMatchObject({
        known: true,
        lastDetectionMjdTai: Math.max(...times),
        firstDetectionMjdTai: Math.min(...times),
      })
  }
})

const OLD = JSON.stringify({
  type: 'record',
  name: 'alert',
  namespace: 'lsst.v3_0',
  fields: [
    { name: 'alertId', type: 'long' },
    {
      name: 'diaSource',
      type: {
        type: 'record',
        name: 'diaSource',
        fields: [
          { name: 'ccdVisitId', type: 'long' },
          { name: 'ra', type: 'double' },
          { name: 'decl', type: 'double' },
          { name: 'filterName', type: ['null', 'string'] },
        ],
      },
    },
  ],
})

test('an alert of a schema without visit and flux is known by its id and position', () => {
  const schema = parseSchema(OLD)
  const diaSource = { ccdVisitId: 5n, ra: 10.5, decl: -3, filterName: 'g' }
  const body = encodeAlert(schema, { alertId: 4_611_686_018_427_387_905n, diaSource })
  const facts = openFactsReader(STREAMS.lsst).read(body, 300, schema)
  expect(facts).toMatchObject({ id: 4_611_686_018_427_387_905n, raDeg: 10.5, decDeg: -3, band: 'g', known: false })
  expect(facts.visit).toBeUndefined()
  expect(facts.flux).toBeUndefined()
})

test('an id and a visit may be integers of 32 bits', () => {
  const source = { type: 'record', name: 'diaSource', fields: [{ name: 'visit', type: 'int' }] }
  const fields = [
    { name: 'diaSourceId', type: 'int' },
    { name: 'diaSource', type: source },
  ]
  const schema = parseSchema(JSON.stringify({ type: 'record', name: 'alert', fields }))
  const body = encodeAlert(schema, { diaSourceId: 7, diaSource: { visit: 8 } })
  expect(openFactsReader(STREAMS.lsst).read(body, 1, schema)).toMatchObject({ id: 7n, visit: 8n })
})

test('a cut-off packet, and a schema without an id, are refused with the reason', () => {
  const schema = parseSchema(OLD)
  const body = encodeAlert(schema, {
    alertId: 1n,
    diaSource: { ccdVisitId: 5n, ra: 10.5, decl: -3, filterName: null },
  })
  const reader = openFactsReader(STREAMS.lsst)
  const codeOf = (action: () => unknown): unknown => {
    try {
      return action()
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    }
  }
  expect(codeOf(() => reader.read(body.subarray(0, -1), 300, schema))).toBe('HUB_AVRO_TRUNCATED')
  expect(codeOf(() => openFactsReader(STREAMS.ztf).read(body, 300, schema))).toBe('HUB_SCHEMA_FIELD')
})

test('an alert whose id is null is refused: it cannot be archived', () => {
  const schema = parseSchema(OLD.replace('"name":"alertId","type":"long"', '"name":"alertId","type":["null","long"]'))
  const body = encodeAlert(schema, {
    alertId: null,
    diaSource: { ccdVisitId: 5n, ra: 10.5, decl: -3, filterName: null },
  })
  expect(() => openFactsReader(STREAMS.lsst).read(body, 300, schema)).toThrow(
    expect.objectContaining({ code: 'HUB_ALERT_NO_ID' }),
  )
})

test('a magnitude becomes a flux in nanojanskys with its sign and its signal to noise', () => {
  expect(fluxOfMagnitude(31.4, 0.1, true)).toEqual({
    flux: 1,
    fluxErr: expect.closeTo(0.0921, 4),
    snr: expect.closeTo(10.857, 3),
  })
  expect(fluxOfMagnitude(21.4, undefined, false).flux).toBeCloseTo(-10_000)
  expect(fluxOfMagnitude(undefined, 0.1, true)).toEqual({})
})

interface Line {
  readonly file: string
  readonly alert_id: string
  readonly object_id: string
  readonly visit: string
  readonly mjd: number
  readonly jd: number
  readonly band: string
  readonly ra: number
  readonly dec: number
  readonly psfFlux: number
}

describe.runIf(existsSync(DATA))('real packets', { timeout: 30_000 }, () => {
  const lines = (file: string): Line[] =>
    readFileSync(join(DATA, file), 'utf8')
      .trim()
      .split('\n')
      .map((line): Line => JSON.parse(line))

  test('of every LSST schema version have the ids, visits, positions and fluxes of the manifest', async () => {
    const reader = openFactsReader(STREAMS.lsst)
    const schemas = new Map<number, AvroSchema>()
    for (const expected of lines('lsst.jsonl')) {
      const { schemaId, body } = readFrame(readFileSync(join(DATA, expected.file)))
      const folder = join(DATA, 'schemas/lsst', String(Math.floor(schemaId / 100)), String(schemaId % 100))
      const schema = schemas.get(schemaId) ?? parseSchema(await assembleSchema(folder))
      schemas.set(schemaId, schema)
      const facts = reader.read(body, schemaId, schema)
      expect({ ...facts, id: String(facts.id), visit: String(facts.visit) }).toMatchObject({
        id: expected.alert_id,
        visit: expected.visit,
        mjdTai: expected.mjd,
        band: expected.band,
        raDeg: expected.ra,
        decDeg: expected.dec,
        flux: expected.psfFlux,
      })
    }
  })

  test('of ZTF have the ids, visits, objects and positions of the manifest', () => {
    const reader = openFactsReader(STREAMS.ztf)
    for (const expected of lines('ztf.jsonl').slice(0, 100)) {
      const { schemaJson, datums } = readContainer(readFileSync(join(DATA, expected.file)))
      const facts = reader.read(datums[0] ?? Buffer.alloc(0), 100_000, parseSchema(schemaJson))
      expect({ ...facts, id: String(facts.id), visit: String(facts.visit) }).toMatchObject({
        id: expected.alert_id,
        visit: expected.visit,
        objectId: expected.object_id,
        raDeg: expected.ra,
        decDeg: expected.dec,
        mjdTai: expect.closeTo(expected.jd - 2_400_000.5 + 37 / 86_400, 6),
      })
    }
  })
})
