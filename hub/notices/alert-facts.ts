// The facts of an alert that archive, index and notices keep: ids, visit, time, position, band, fluxes, what is known of its object. In: a packet. Out: its
// facts, by one walk over all of its bytes, which also proves that they are a whole alert.
import { openBatchBuilder } from '../avro/cursor/batch-builder.ts'
import { type Batch, type ListBatch } from '../avro/columns/batch.ts'
import { type CellValue, readCell } from '../avro/columns/read-cell.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { type Stream } from '../streams.ts'
import { factsColumns } from './facts-columns.ts'
import { galacticLatitude } from './galactic-latitude.ts'
import { fluxOfMagnitude } from './magnitude-to-flux.ts'

/** An alert in a few words; what the packet does not have, or has as no finite number, is undefined. */
export interface AlertFacts {
  readonly id: bigint
  readonly objectId?: string | undefined
  /** Id or name of the object of the solar system. */
  readonly ssObjectId?: string | undefined
  readonly visit?: bigint | undefined
  /** Modified Julian day, TAI. */
  readonly mjdTai?: number | undefined
  readonly band?: string | undefined
  /** Degrees, ICRS. */
  readonly raDeg?: number | undefined
  readonly decDeg?: number | undefined
  /** Degrees. */
  readonly galacticLatitudeDeg?: number | undefined
  /** Of the difference image, nanojanskys; negative where the source has faded. */
  readonly flux?: number | undefined
  readonly fluxErr?: number | undefined
  readonly snr?: number | undefined
  /** Of the visit's own image, nanojanskys. */
  readonly scienceFlux?: number | undefined
  readonly scienceFluxErr?: number | undefined
  readonly trailArcsec?: number | undefined
  /** 0 (a point) to 1 (extended). */
  readonly extendedness?: number | undefined
  /** 0 (artefact) to 1 (real). */
  readonly reliability?: number | undefined
  /** Whether its object was known before. */
  readonly known: boolean
  /** Detections of the object before this one. */
  readonly earlierDetections?: number | undefined
  /** When the object was detected last before this alert, as far back as the packet goes, and when first; modified Julian days, TAI. */
  readonly lastDetectionMjdTai?: number | undefined
  readonly firstDetectionMjdTai?: number | undefined
  /** The nearest object of the survey's reference catalogue. */
  readonly nearestReference?: { readonly id?: bigint | undefined; readonly arcsec?: number | undefined } | undefined
}

export interface FactsReader {
  /**
   * Reads a packet's body. Throws HubError HUB_AVRO_… for unreadable bytes, HUB_ALERT_NO_ID, HUB_SCHEMA_FIELD where the schema has no id, and
   * HUB_ALERT_TOO_LARGE.
   */
  read: (body: Uint8Array, schemaId: number, schema: AvroSchema) => AlertFacts
}

type Reading = (body: Uint8Array, schemaId: number) => AlertFacts

const TAI_AHEAD_DAYS = 37 / 86_400
const MJD_IN_JD = 2_400_000.5
const MJD_1970 = 40_587
const DAY_MS = 86_400_000

/** To modified Julian days, TAI, of each scale. */
const TO_MJD_TAI = {
  'mjd-tai': (day: number) => day,
  'jd-utc': (day: number) => day - MJD_IN_JD + TAI_AHEAD_DAYS,
  'unix-ms': (ms: number) => ms / DAY_MS + MJD_1970 + TAI_AHEAD_DAYS,
} as const

/** Text of ids and bands is short; a longer one cannot be an alert of the stream. */
const MAX_TEXT_UNITS = 4096
const MAX_HISTORY = 16_384

/** Opens a reader of a stream's packets, in any of its schema versions. */
export const openFactsReader = (stream: Stream): FactsReader => {
  const readings = new WeakMap<AvroSchema, Reading>()
  return {
    read: (body, schemaId, schema) => {
      const reading = readings.get(schema) ?? readingOf(stream, schema)
      readings.set(schema, reading)
      return reading(body, schemaId)
    },
  }
}

const readingOf = (stream: Stream, schema: AvroSchema): Reading => {
  const { facts } = stream
  const { set, idPath, time, history } = factsColumns(stream, schema)
  const toMjdTai = time === undefined ? () => undefined : TO_MJD_TAI[time.scale]
  const builder = openBatchBuilder({
    // Older schemas have no visit, which an archive can do without: the id stands in for it.
    stream: { name: stream.name, topic: stream.topic, alertId: [idPath], visit: { path: idPath }, timeMs: [] },
    set,
    maxRows: 1,
    maxListRows: MAX_HISTORY,
    maxTextUnits: MAX_TEXT_UNITS,
    maxBinaryBytes: 0,
  })
  return (body, schemaId) => {
    builder.reset()
    const key = builder.add(body, schemaId, schema, 0)
    if (key === 'full') throw new TypeError('A batch of one alert is never full')
    const batch = builder.take()
    const cells = new Map<string, CellValue>(
      set.columns.map(({ path, kind }, at) => [
        path,
        readCell(batch, batch.columns[at] ?? new Float64Array(1), kind, 0),
      ]),
    )
    const cell = (path: string): CellValue => cells.get(path) ?? null
    const first = (paths: readonly string[] = []): CellValue => paths.map(cell).find(value => value !== null) ?? null
    const number = (paths?: readonly string[]): number | undefined => finite(first(paths))
    const day = (value: number | undefined): number | undefined => (value === undefined ? undefined : toMjdTai(value))
    const band = first(facts?.band)
    const object = facts?.object.map(cell).find(value => value !== null && value !== 0n)
    const visitCell = cell(stream.visit.path)
    const visit = Number.isInteger(visitCell) ? BigInt(Number(visitCell)) : visitCell
    const [raDeg, decDeg] = [number(facts?.ra), number(facts?.dec)]
    const earlier = earlierOf(batch, batch.lists[0], history)
    const detections = number(facts?.detections)
    const pointlike = facts?.pointlike === undefined ? undefined : share(finite(cell(facts.pointlike)))
    return {
      id: key.alertId,
      objectId: object === undefined || object === null ? undefined : String(object),
      ssObjectId: solarSystemOf(facts?.solarSystem, cell),
      visit: typeof visit === 'bigint' ? divide(visit, stream.visit.divideBy) : undefined,
      mjdTai: time === undefined ? undefined : day(finite(cell(time.path))),
      band: band === null ? undefined : (facts?.bandNames?.[String(band)] ?? String(band)),
      raDeg,
      decDeg,
      galacticLatitudeDeg: galacticLatitude(raDeg, decDeg),
      reliability: number(facts?.reliability),
      ...(facts?.magnitude === undefined
        ? { flux: number(facts?.flux), fluxErr: number(facts?.fluxErr), snr: number(facts?.snr) }
        : fluxOfMagnitude(
            finite(cell(facts.magnitude.value)),
            finite(cell(facts.magnitude.error)),
            ['t', '1', 1, true].includes(plain(cell(facts.magnitude.positive))),
          )),
      scienceFlux: number(facts?.scienceFlux),
      scienceFluxErr: number(facts?.scienceFluxErr),
      trailArcsec: number(facts?.trailLength),
      extendedness: number(facts?.extendedness) ?? (pointlike === undefined ? undefined : 1 - pointlike),
      known:
        (facts?.known ?? []).some(({ path, above }) => Number(cells.get(path) ?? Number.NaN) > above) ||
        (earlier?.count ?? 0) > 0,
      earlierDetections: detections === undefined ? earlier?.count : Math.max(0, detections - 1),
      lastDetectionMjdTai: day(earlier?.last),
      firstDetectionMjdTai: day(number(facts?.firstTime) ?? earlier?.first),
      nearestReference: referenceOf(facts?.reference, cell),
    }
  }
}

const finite = (value: CellValue): number | undefined =>
  Number.isFinite(value) || typeof value === 'bigint' ? Number(value) : undefined

const share = (value: number | undefined): number | undefined =>
  value !== undefined && value >= 0 && value <= 1 ? value : undefined

/** The history's detections; undefined where the packet has no such list. */
const earlierOf = (
  batch: Batch,
  list: ListBatch | undefined,
  { time, detection }: { readonly time: number; readonly detection: number },
): { count: number; first?: number; last?: number } | undefined => {
  const items = list?.counts[0] ?? -1
  const columns = batch.set.lists[0]?.columns ?? []
  if (list === undefined || items < 0) return undefined
  const value = (at: number, row: number): CellValue => {
    const [own, cells] = [columns[at], list.columns[at]]
    return own === undefined || cells === undefined ? null : readCell(batch, cells, own.kind, row)
  }
  let [count, first, last] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let row = list.starts[0] ?? 0, end = row + items; row < end; row++) {
    if (detection >= 0 && value(detection, row) === null) continue
    count++
    const at = finite(value(time, row))
    if (at === undefined) continue
    first = Math.min(first, at)
    last = Math.max(last, at)
  }
  return last === Number.NEGATIVE_INFINITY ? { count } : { count, first, last }
}

type Facts = NonNullable<Stream['facts']>
type CellOf = (path: string) => CellValue

const solarSystemOf = (from: Facts['solarSystem'], cell: CellOf): string | undefined => {
  const id = from === undefined ? null : cell(from.id)
  if (id === null || ['', '0', 'null'].includes(String(id))) return undefined
  if (from?.within === undefined) return String(id)
  const arcsec = finite(cell(from.within.path))
  return arcsec !== undefined && arcsec >= 0 && arcsec <= from.within.arcsec ? String(id) : undefined
}

const referenceOf = (from: Facts['reference'], cell: CellOf): AlertFacts['nearestReference'] => {
  if (from === undefined) return undefined
  const [id, arcsec] = [cell(from.id), finite(cell(from.arcsec))]
  const isKnown = typeof id === 'bigint' && id > 0n
  return {
    id: isKnown ? id : undefined,
    arcsec: isKnown && arcsec !== undefined && arcsec >= 0 ? arcsec : undefined,
  }
}

const plain = (value: CellValue): string | number | boolean =>
  typeof value === 'bigint' ? Number(value) : Buffer.isBuffer(value) || value === null ? '' : value

const divide = (value: bigint, by = 1n): bigint => value / by - (value % by < 0n ? 1n : 0n)
