// From a sighting to the alert as the schema has it: records with ids, coordinates and statistics that agree with each other.
import { type AnswerAlert, type AnswerSource } from './example-answers.ts'
import { type Cutouts, type Painting } from './cutouts.ts'
import { type Exposure } from './exposures.ts'
import { drawSighting, type Measurement, type Sighting } from './light-curves.ts'
import { openObjectRows } from './object-rows.ts'
import { type Random } from './random.ts'
import { DIA_FORCED_SOURCE, DIA_SOURCE } from './schemas/rubin-records.ts'
import { blankRows, type Row } from './rows.ts'

/** An alert as plain objects: what its packet says, before encoding. */
export interface SyntheticAlert extends AnswerAlert, Cutouts {
  readonly diaSourceId: bigint
  readonly observation_reason: string | null
  readonly target_name: string | null
  readonly diaSource: Row & AnswerSource
  readonly prvDiaSources: readonly (Row & AnswerSource)[] | null
  readonly prvDiaForcedSources: readonly Row[] | null
  readonly diaObject: Row | null
  readonly ssSource: Row | null
  readonly mpc_orbits: Row | null
}

const BLANKS = 32
const DETECTORS = 189
const PIXELS = 4000
/** Room for a million sources a visit: its id (41 bits), then the number within it. Ids stay below 2^63 and pass 2^53. */
const ID_BITS = 20n
/** Prior sources take the upper half of a visit's numbers, alerts the lower. */
const PRIOR = 1n << 19n
const PROCESSING_DAYS = 60 / 86_400
const ARCSECOND = 1 / 3600

interface Place {
  readonly ra: number
  readonly dec: number
  readonly detector: number
  readonly diaObjectId: bigint
  readonly ssObjectId: bigint
}

const sourceId = (visit: bigint, number: bigint): bigint => (visit << ID_BITS) | number
const f32 = Math.fround
const scaled = (value: number | null, factor: number): number | null => (value === null ? null : f32(value * factor))

/** Makes alerts; blanks depend on the random source given here, each alert only on its own. */
export const openAlerts = (blanks: Random, cutouts: (painting: Painting, random: Random) => Cutouts) => {
  const sources = blankRows(DIA_SOURCE, BLANKS, blanks)
  const forcedSources = blankRows(DIA_FORCED_SOURCE, BLANKS, blanks)
  const { objectRow, ssSourceRow, orbitRow } = openObjectRows(blanks)

  const diaSource = (
    id: bigint,
    { exposure, psfFlux, psfFluxErr }: Measurement,
    reliability: number | null,
    place: Place,
    random: Random,
  ): Row & AnswerSource => ({
    ...random.pick(sources),
    diaSourceId: id,
    visit: exposure.visit,
    detector: place.detector,
    diaObjectId: place.diaObjectId,
    ssObjectId: place.ssObjectId,
    parentDiaSourceId: 0n,
    midpointMjdTai: exposure.midpointMjdTai,
    ra: place.ra + 0.1 * ARCSECOND * random.normal(),
    dec: place.dec + 0.1 * ARCSECOND * random.normal(),
    x: f32(random.between(0, PIXELS)),
    y: f32(random.between(0, PIXELS)),
    isNegative: psfFlux === null ? null : psfFlux < 0,
    psfFlux,
    psfFluxErr,
    snr: psfFlux === null || psfFluxErr === null ? null : f32(Math.abs(psfFlux) / psfFluxErr),
    apFlux: scaled(psfFlux, random.between(0.9, 1.1)),
    apFluxErr: scaled(psfFluxErr, 2),
    scienceFlux: scaled(psfFlux, 1.1),
    scienceFluxErr: psfFluxErr,
    psfNdata: 41 * 41,
    extendedness: f32(random.next() ** 4),
    reliability,
    band: exposure.band,
    isDipole: reliability !== null && reliability < 0.3 && random.chance(0.5),
    timeProcessedMjdTai: exposure.midpointMjdTai + PROCESSING_DAYS,
    timeWithdrawnMjdTai: null,
  })

  const forcedSource = (
    id: bigint,
    { exposure, psfFlux, psfFluxErr }: Measurement,
    place: Place,
    random: Random,
  ): Row => ({
    ...random.pick(forcedSources),
    diaForcedSourceId: id,
    diaObjectId: place.diaObjectId,
    ra: place.ra,
    dec: place.dec,
    visit: exposure.visit,
    detector: place.detector,
    psfFlux,
    psfFluxErr,
    midpointMjdTai: exposure.midpointMjdTai,
    band: exposure.band,
    timeProcessedMjdTai: exposure.midpointMjdTai + PROCESSING_DAYS,
    timeWithdrawnMjdTai: null,
  })

  const compose = (sighting: Sighting, number: bigint, field: { ra: number; dec: number }, random: Random) => {
    const { now, priors, forced, reliability } = sighting
    const isAsteroid = sighting.objectClass === 'asteroid'
    const id = sourceId(now.exposure.visit, number)
    const place: Place = {
      ra: field.ra + random.between(-1.5, 1.5),
      dec: field.dec + random.between(-1.5, 1.5),
      detector: random.whole(0, DETECTORS - 1),
      diaObjectId: isAsteroid ? 0n : priors === null ? id : sourceId(priors[0]?.exposure.visit ?? 0n, number | PRIOR),
      ssObjectId: isAsteroid ? 21_163_000_000_000_000n + BigInt(random.whole(0, 0x7fff_ffff)) : 0n,
    }
    const priorRows = priors?.map(prior => {
      const priorId = sourceId(prior.exposure.visit, number | PRIOR)
      return diaSource(priorId, prior, f32(1 - 0.5 * random.next() ** 3), place, random)
    })
    const alert: SyntheticAlert = {
      diaSourceId: id,
      observation_reason: 'science',
      target_name: random.chance(0.1) ? null : 'synthetic',
      diaSource: diaSource(id, now, reliability, place, random),
      prvDiaSources: priorRows ?? null,
      prvDiaForcedSources:
        forced?.map(one => forcedSource(sourceId(one.exposure.visit, number | PRIOR), one, place, random)) ?? null,
      diaObject: isAsteroid ? null : objectRow(place, sighting, random),
      ssSource: isAsteroid ? ssSourceRow(id, place, random) : null,
      mpc_orbits: isAsteroid && random.chance(0.8) ? orbitRow(random) : null,
      ...cutouts({ ra: place.ra, dec: place.dec, flux: now.psfFlux ?? 0, noise: now.psfFluxErr ?? 0 }, random),
    }
    return alert
  }

  /** The alert with that number (below 2^19) of an exposure. */
  return (exposure: Exposure, number: number, field: { ra: number; dec: number }, random: Random): SyntheticAlert =>
    compose(drawSighting(exposure, random), BigInt(number), field, random)
}
