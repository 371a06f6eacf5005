// Rows of the records beside an alert's sources: the object on the sky, the solar system object and its orbit.
import { type Measurement, type Sighting } from './light-curves.ts'
import { type Random } from './random.ts'
import { BANDS, DIA_OBJECT, MPC_ORBITS, SS_SOURCE } from './schemas/rubin-records.ts'
import { blankRows, type Row } from './rows.ts'

const BLANKS = 16
const f32 = Math.fround
/** Microseconds since 1970 of 2026-01-01. */
const ORBIT_EPOCH_US = 1_767_225_600_000_000n

interface Place {
  readonly ra: number
  readonly dec: number
  readonly diaObjectId: bigint
  readonly ssObjectId: bigint
}

const designation = (random: Random): string =>
  `${random.whole(1995, 2026)} ${random.pick(['A', 'C', 'F', 'K', 'R'])}${random.pick(['B', 'E', 'Q'])}${random.whole(1, 400)}`

const bandStatistics = (points: readonly Measurement[]): Row => {
  const row: Row = {}
  for (const band of BANDS) {
    const fluxes = points.filter(({ exposure }) => exposure.band === band).flatMap(({ psfFlux }) => psfFlux ?? [])
    const mean = fluxes.reduce((sum, flux) => sum + flux, 0) / fluxes.length
    const scatter = Math.sqrt(fluxes.reduce((sum, flux) => sum + (flux - mean) ** 2, 0) / (fluxes.length - 1))
    row[`${band}_psfFluxNdata`] = fluxes.length
    row[`${band}_psfFluxMean`] = fluxes.length > 0 ? f32(mean) : null
    row[`${band}_psfFluxSigma`] = fluxes.length > 1 ? f32(scatter) : null
    row[`${band}_psfFluxMeanErr`] = fluxes.length > 1 ? f32(scatter / Math.sqrt(fluxes.length)) : null
    row[`${band}_psfFluxMin`] = fluxes.length > 0 ? Math.min(...fluxes) : null
    row[`${band}_psfFluxMax`] = fluxes.length > 0 ? Math.max(...fluxes) : null
  }
  return row
}

/** Makes rows; the blanks behind them come from the random source given here. */
export const openObjectRows = (blanks: Random) => {
  const objects = blankRows(DIA_OBJECT, BLANKS, blanks)
  const ssSources = blankRows(SS_SOURCE, BLANKS, blanks)
  const orbits = blankRows(MPC_ORBITS, BLANKS, blanks)
  return {
    objectRow: (place: Place, { now, priors }: Sighting, random: Random): Row => ({
      ...random.pick(objects),
      ...bandStatistics([...(priors ?? []), now]),
      diaObjectId: place.diaObjectId,
      validityStartMjdTai: now.exposure.midpointMjdTai,
      ra: place.ra,
      dec: place.dec,
      firstDiaSourceMjdTai: (priors?.[0] ?? now).exposure.midpointMjdTai,
      lastDiaSourceMjdTai: now.exposure.midpointMjdTai,
      nDiaSources: (priors?.length ?? 0) + 1,
    }),
    ssSourceRow: (diaSourceId: bigint, place: Place, random: Random): Row => ({
      ...random.pick(ssSources),
      diaSourceId,
      ssObjectId: place.ssObjectId,
      designation: designation(random),
      ephRa: place.ra,
      ephDec: place.dec,
      ephVmag: f32(random.between(17, 25)),
      ephRate: random.chance(0.03) ? null : f32(0.02 * 40 ** random.next()),
    }),
    orbitRow: (random: Random): Row => {
      const name = designation(random)
      return {
        ...random.pick(orbits),
        id: random.whole(1, 2_000_000),
        designation: name,
        packed_primary_provisional_designation: name.replace(' ', ''),
        unpacked_primary_provisional_designation: name,
        created_at: ORBIT_EPOCH_US,
        updated_at: ORBIT_EPOCH_US,
        fitting_datetime: null,
        a: random.between(1, 5),
        e: random.between(0, 0.6),
        i: random.between(0, 40),
        q: random.between(0.5, 3),
        h: random.between(12, 24),
      }
    },
  }
}
