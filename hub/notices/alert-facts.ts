// The facts of an alert that archive, index and notices keep: id, object, visit, time, position, band, flux. In: a packet. Out: its facts, by one walk over
// all of its bytes, which also proves that they are a whole alert.
import { type AvroSchema } from '../avro/schema/node.ts'
import { openBatchBuilder } from '../avro/cursor/batch-builder.ts'
import { type ColumnKind } from '../avro/columns/batch.ts'
import { fieldsOf } from '../avro/columns/fields.ts'
import { type CellValue, readCell } from '../avro/columns/read-cell.ts'
import { HubError } from '../errors.ts'
import { type Stream } from '../streams.ts'
import { fluxOfMagnitude } from './magnitude-to-flux.ts'

/** An alert in a few words; what the packet does not have is undefined. */
export interface AlertFacts {
  readonly id: bigint
  readonly objectId?: string | undefined
  readonly visit?: bigint | undefined
  /** Modified Julian day, TAI. */
  readonly mjdTai?: number | undefined
  readonly band?: string | undefined
  /** Degrees, ICRS. */
  readonly raDeg?: number | undefined
  readonly decDeg?: number | undefined
  /** Of the difference image, nanojanskys; negative where the source has faded. */
  readonly flux?: number | undefined
  readonly fluxErr?: number | undefined
  readonly snr?: number | undefined
  /** 0 (artefact) to 1 (real). */
  readonly reliability?: number | undefined
  /** Whether its object was known before. */
  readonly known: boolean
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
/** The histories' items are counted, not kept. */
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
  const kinds = new Map(fieldsOf(schema).flatMap(({ path, list, kind }) => (list === undefined ? [[path, kind]] : [])))
  const idPath = stream.alertId.find(path => ['long', 'int', 'number'].includes(kinds.get(path) ?? ''))
  if (idPath === undefined)
    throw new HubError(
      'HUB_SCHEMA_FIELD',
      `Schema ${schema.name} has no integer at ${stream.alertId.join(' or ')}, where stream ${stream.name} expects the alert’s id; name the right path in the stream's configuration`,
    )
  const { facts } = stream
  const time = stream.timeMs.find(({ path }) => kinds.has(path))
  const { magnitude } = facts ?? {}
  const wanted = [
    ...(facts === undefined ? [] : [...facts.object, ...facts.ra, ...facts.dec, ...facts.band, ...facts.reliability]),
    ...[facts?.flux, facts?.fluxErr, facts?.snr].flatMap(paths => paths ?? []),
    ...(facts?.known ?? []).map(({ path }) => path),
    ...(magnitude === undefined ? [] : [magnitude.value, magnitude.error, magnitude.positive]),
    ...(time === undefined ? [] : [time.path]),
    stream.visit.path,
  ]
  const columns = [...new Set(wanted)].flatMap(path => {
    const kind: ColumnKind | undefined = kinds.get(path)
    return kind === undefined ? [] : [{ path, kind }]
  })
  const history = facts?.history
  const builder = openBatchBuilder({
    // Older schemas have no visit, which an archive can do without: the id stands in for it.
    stream: { name: stream.name, topic: stream.topic, alertId: [idPath], visit: { path: idPath }, timeMs: [] },
    set: { columns, lists: history === undefined ? [] : [{ path: history, columns: [] }] },
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
      columns.map(({ path, kind }, at) => [path, readCell(batch, batch.columns[at] ?? new Float64Array(1), kind, 0)]),
    )
    const first = (paths: readonly string[] = []): CellValue =>
      paths.map(path => cells.get(path) ?? null).find(value => value !== null) ?? null
    const numberOf = (value: CellValue): number | undefined => (typeof value === 'number' ? value : undefined)
    const band = first(facts?.band)
    const object = facts?.object.map(path => cells.get(path) ?? null).find(value => value !== null && value !== 0n)
    const day = time === undefined ? undefined : numberOf(cells.get(time.path) ?? null)
    const visitCell = cells.get(stream.visit.path)
    const visit = Number.isInteger(visitCell) ? BigInt(Number(visitCell)) : visitCell
    return {
      id: key.alertId,
      objectId: object === undefined || object === null ? undefined : String(object),
      visit: typeof visit === 'bigint' ? divide(visit, stream.visit.divideBy) : undefined,
      mjdTai: time === undefined || day === undefined ? undefined : TO_MJD_TAI[time.scale](day),
      band: band === null ? undefined : (facts?.bandNames?.[String(band)] ?? String(band)),
      raDeg: numberOf(first(facts?.ra)),
      decDeg: numberOf(first(facts?.dec)),
      reliability: numberOf(first(facts?.reliability)),
      ...(magnitude === undefined
        ? {
            flux: numberOf(first(facts?.flux)),
            fluxErr: numberOf(first(facts?.fluxErr)),
            snr: numberOf(first(facts?.snr)),
          }
        : fluxOfMagnitude(
            numberOf(cells.get(magnitude.value) ?? null),
            numberOf(cells.get(magnitude.error) ?? null),
            ['t', '1', 1, true].includes(plain(cells.get(magnitude.positive) ?? null)),
          )),
      known:
        (facts?.known ?? []).some(({ path, above }) => Number(cells.get(path) ?? Number.NaN) > above) ||
        (batch.lists[0]?.counts[0] ?? 0) > 0,
    }
  }
}

const plain = (value: CellValue): string | number | boolean =>
  typeof value === 'bigint' ? Number(value) : Buffer.isBuffer(value) || value === null ? '' : value

const divide = (value: bigint, by = 1n): bigint => value / by - (value % by < 0n ? 1n : 0n)
