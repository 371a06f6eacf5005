// The surveys' own packets, where they lie beside the repository (../shared/data): every field of a notice against what avsc decodes from the packet.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { readContainer } from '../avro/decode/container-reader.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { STREAMS } from '../streams.ts'
import { openFactsReader } from './alert-facts.ts'
import { decodeNotice, encodeNotice, noticeOf } from './notice.ts'

const DATA = join(import.meta.dirname, '../../../shared/data')
const MAX_BYTES = 250

interface DiaSource {
  readonly diaSourceId: bigint
  readonly diaObjectId: bigint | null
  readonly ssObjectId: bigint | null
  readonly visit: bigint
  readonly ra: number
  readonly dec: number
  readonly midpointMjdTai: number
  readonly band: string | null
  readonly psfFlux: number | null
  readonly psfFluxErr: number | null
  readonly snr: number | null
  readonly reliability: number | null
  readonly scienceFlux?: number | null
  readonly scienceFluxErr?: number | null
  readonly trailLength: number | null
  readonly extendedness: number | null
}
interface LsstAlert {
  readonly alertId?: bigint
  readonly diaSourceId?: bigint
  readonly diaSource: DiaSource
  readonly prvDiaSources: readonly DiaSource[] | null
  readonly diaObject: {
    readonly nDiaSources?: number
    readonly firstDiaSourceMjdTai?: number | null
    readonly nearbyObj1?: bigint | null
    readonly nearbyObj1Dist?: number | null
  } | null
}
interface ZtfAlert {
  readonly objectId: string
  readonly candid: bigint
  readonly candidate: {
    readonly jd: number
    readonly fid: number
    readonly pid: bigint
    readonly ra: number
    readonly dec: number
    readonly magpsf: number
    readonly sigmapsf: number
    readonly isdiffpos: string
    readonly rb: number | null
    readonly drb?: number | null
    readonly classtar: number
    readonly ndethist: number
    readonly jdstarthist: number | null
    readonly ssdistnr: number | null
    readonly ssnamenr: string | null
    readonly objectidps1: bigint | null
    readonly distpsnr1: number | null
  }
  readonly prv_candidates: { readonly jd: number; readonly candid: bigint | null }[] | null
}

const lines = (file: string): string[] =>
  readFileSync(join(DATA, file), 'utf8')
    .trim()
    .split('\n')
    .map(line => String(JSON.parse(line).file))

const orNull = (value: number | null | undefined): number | null =>
  value === undefined || value === null || Number.isNaN(value) ? null : value

/** By rotation of the unit vector into galactic coordinates: another way than the product's. Matrix of Hipparcos (ESA SP-1200, volume 1, 1.5.13). */
const latitude = (ra: number, dec: number): unknown => {
  const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180]
  const [x, y, z] = [Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d)]
  const up = -0.867_666_135_6 * x - 0.198_076_389_6 * y + 0.455_983_794_5 * z
  return expect.closeTo((Math.asin(up) * 180) / Math.PI, 4)
}

describe.runIf(existsSync(DATA))('notices of real packets', { timeout: 60_000 }, () => {
  test('of Rubin have, field by field, what avsc decodes from the packet', async () => {
    const reader = openFactsReader(STREAMS.lsst)
    const schemas = new Map<number, AvroSchema>()
    const sizes: number[] = []
    const seen = new Set<string>()
    for (const file of lines('lsst.jsonl')) {
      const packet = readFileSync(join(DATA, file))
      const { schemaId, body } = readFrame(packet)
      const folder = join(DATA, 'schemas/lsst', String(Math.floor(schemaId / 100)), String(schemaId % 100))
      const schema = schemas.get(schemaId) ?? parseSchema(await assembleSchema(folder))
      schemas.set(schemaId, schema)
      const alert: LsstAlert = schema.type.fromBuffer(body)
      const { diaSource: source, diaObject: object, prvDiaSources: earlier } = alert
      const id = alert.diaSourceId ?? alert.alertId ?? 0n
      const times = (earlier ?? []).map(({ midpointMjdTai }) => midpointMjdTai)
      const value = encodeNotice(
        100_000,
        noticeOf('lsst', reader.read(body, schemaId, schema), schemaId, packet.length),
      )
      const notice = decodeNotice(value)
      sizes.push(value.length)
      for (const [name, held] of Object.entries(notice)) if (held !== null) seen.add(name)
      expect(notice).toEqual({
        alertId: id,
        objectId: String(source.diaObjectId || source.ssObjectId),
        visit: source.visit,
        ra: source.ra,
        dec: source.dec,
        midpointMjdTai: source.midpointMjdTai,
        band: source.band,
        flux: orNull(source.psfFlux),
        fluxErr: orNull(source.psfFluxErr),
        snr: orNull(source.snr),
        reliability: orNull(source.reliability),
        known: (source.ssObjectId ?? 0n) > 0n || (object?.nDiaSources ?? 0) > 1 || times.length > 0,
        schemaId,
        packetBytes: packet.length,
        uri: `/v1/alerts/${id}`,
        ssObjectId: source.ssObjectId ? String(source.ssObjectId) : null,
        scienceFlux: orNull(source.scienceFlux),
        scienceFluxErr: orNull(source.scienceFluxErr),
        trailLength: orNull(source.trailLength),
        extendedness: orNull(source.extendedness),
        earlierDetections: object?.nDiaSources === undefined ? (earlier?.length ?? null) : object.nDiaSources - 1,
        lastDetectionMjdTai: times.length === 0 ? null : Math.max(...times),
        firstDetectionMjdTai: object?.firstDiaSourceMjdTai ?? (times.length === 0 ? null : Math.min(...times)),
        galacticLatitude: latitude(source.ra, source.dec),
        nearestReferenceId: object?.nearbyObj1 || null,
        nearestReferenceArcsec: object?.nearbyObj1 ? orNull(object.nearbyObj1Dist) : null,
      })
    }
    expect(new Set(schemas.keys())).toEqual(new Set([701, 704, 900, 1000]))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_BYTES)
    // Rubin's packets say of none which reference is near; everything else must have been compared at least once.
    expect(Object.keys(decodeNotice(encodeNotice(1, noticeOf('lsst', { id: 1n, known: false }, 1, 1))))).toEqual(
      expect.arrayContaining([...seen]),
    )
    expect(seen.size).toBe(24)
  })

  test('of ZTF have the same from its own fields', () => {
    const reader = openFactsReader(STREAMS.ztf)
    const schemas = new Map<string, AvroSchema>()
    const sizes: number[] = []
    const seen = new Set<string>()
    const tai = (jd: number): unknown => expect.closeTo(jd - 2_400_000.5 + 37 / 86_400, 6)
    for (const file of lines('ztf.jsonl')) {
      const { schemaJson, datums } = readContainer(readFileSync(join(DATA, file)))
      const schema = schemas.get(schemaJson) ?? parseSchema(schemaJson)
      schemas.set(schemaJson, schema)
      const body = datums[0] ?? Buffer.alloc(0)
      const alert: ZtfAlert = schema.type.fromBuffer(body)
      const { candidate: source } = alert
      // Three packets that a broker had written again have a record of texts there.
      const earlier = Array.isArray(alert.prv_candidates) ? alert.prv_candidates : []
      const times = earlier.flatMap(({ candid, jd }) => (candid === null ? [] : [jd]))
      const value = encodeNotice(100_000, noticeOf('ztf', reader.read(body, 100_001, schema), 100_001, body.length))
      const notice = decodeNotice(value)
      sizes.push(value.length)
      for (const [name, held] of Object.entries(notice)) if (held !== null) seen.add(name)
      const flux =
        10 ** ((31.4 - source.magpsf) / 2.5) * (source.isdiffpos === 't' || source.isdiffpos === '1' ? 1 : -1)
      const isAsteroid = (source.ssdistnr ?? -1) >= 0 && (source.ssdistnr ?? 99) <= 5
      const isNearReference = (source.objectidps1 ?? 0n) > 0n
      expect(notice).toEqual({
        alertId: alert.candid,
        objectId: alert.objectId,
        visit: source.pid / 10_000n,
        ra: source.ra,
        dec: source.dec,
        midpointMjdTai: tai(source.jd),
        band: 'gri'[source.fid - 1],
        flux: Math.fround(flux),
        fluxErr: Math.fround((Math.abs(flux) * source.sigmapsf * Math.LN10) / 2.5),
        snr: Math.fround(2.5 / Math.LN10 / source.sigmapsf),
        reliability: source.drb ?? source.rb,
        known: source.ndethist > 1 || times.length > 0,
        schemaId: 100_001,
        packetBytes: body.length,
        uri: `/v1/streams/ztf/alerts/${alert.candid}`,
        ssObjectId: isAsteroid && source.ssnamenr !== 'null' ? source.ssnamenr : null,
        scienceFlux: null,
        scienceFluxErr: null,
        trailLength: null,
        extendedness: Math.fround(1 - source.classtar),
        earlierDetections: source.ndethist - 1,
        lastDetectionMjdTai: times.length === 0 ? null : tai(Math.max(...times)),
        firstDetectionMjdTai: source.jdstarthist === null ? null : tai(source.jdstarthist),
        galacticLatitude: latitude(source.ra, source.dec),
        nearestReferenceId: isNearReference ? source.objectidps1 : null,
        nearestReferenceArcsec: isNearReference ? source.distpsnr1 : null,
      })
    }
    expect(sizes).toHaveLength(385)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_BYTES)
    expect(seen.size).toBe(23)
  })
})
