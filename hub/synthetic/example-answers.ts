// What each example filter must pass, as plain predicates over alert objects, independent of sandbox, cursor and engine: tests compare the two. The filters
// themselves, in the authors' languages, are in filters/examples; the simulator writes the answers next to what it plays.

/** A number as Avro decodes it: null where the packet has none, absent where its schema version has no such field; NaN occurs. */
type Measured = number | null | undefined

/** The fields of a diaSource that the examples read. Fluxes in nJy, times in days (MJD TAI). */
export interface AnswerSource {
  readonly midpointMjdTai: number
  readonly band?: string | null
  readonly psfFlux?: Measured
  readonly psfFluxErr?: Measured
  readonly reliability?: Measured
}

/** The part of an alert that the examples read; any decoded LSST alert fits. */
export interface AnswerAlert {
  readonly diaSource: AnswerSource
  readonly prvDiaSources?: readonly AnswerSource[] | null
  readonly diaObject?: { readonly g_psfFluxMean?: Measured } | null
  /** `ephRate` in degrees a day. */
  readonly ssSource?: { readonly ephRate?: Measured } | null
}

/** Filter → visit → ids of the alerts that pass, both as decimal strings; ids in the order of the packets. */
export type AnswerSheet = Record<string, Record<string, string[]>>

const known = (value: Measured): value is number => typeof value === 'number' && Number.isFinite(value)
const measured = (source: AnswerSource): boolean =>
  known(source.psfFlux) && known(source.psfFluxErr) && source.psfFluxErr > 0

/** Prior sources in the alert's own band with a flux and its error, in the packet's order. */
const priorsInBand = (alert: AnswerAlert): readonly AnswerSource[] =>
  (alert.prvDiaSources ?? []).filter(prior => prior.band === alert.diaSource.band && measured(prior))

/** Reliable, brighter than ten sigma (either sign), never detected before, not a known solar system object. */
const brightNewTransients = ({ diaSource: s, prvDiaSources, ssSource }: AnswerAlert): boolean =>
  known(s.reliability) &&
  s.reliability > 0.9 &&
  known(s.psfFlux) &&
  known(s.psfFluxErr) &&
  s.psfFluxErr > 0 &&
  Math.abs(s.psfFlux) > 10 * s.psfFluxErr &&
  (prvDiaSources ?? []).length === 0 &&
  (ssSource ?? null) === null

/** In g or r, the brightest yet of at least four points in its band, whose weighted straight line rises by more than five sigma. */
const supernovaRise = (alert: AnswerAlert): boolean => {
  const now = alert.diaSource
  if ((now.band !== 'g' && now.band !== 'r') || !measured(now)) return false
  const priors = priorsInBand(alert)
  if (priors.length < 3 || priors.some(prior => Number(prior.psfFlux) >= Number(now.psfFlux))) return false
  let weights = 0
  let days = 0
  let fluxes = 0
  let daysSquared = 0
  let daysFluxes = 0
  for (const point of [...priors, now]) {
    const weight = 1 / Number(point.psfFluxErr) ** 2
    const day = point.midpointMjdTai - now.midpointMjdTai
    const flux = Number(point.psfFlux)
    weights += weight
    days += weight * day
    fluxes += weight * flux
    daysSquared += weight * day * day
    daysFluxes += weight * day * flux
  }
  const spread = weights * daysSquared - days * days
  return spread > 0 && (weights * daysFluxes - days * fluxes) / spread > 5 * Math.sqrt(weights / spread)
}

/** At least ten prior sources; in the alert's band at least five, on both sides of the template, scattered with a reduced chi square above 10. */
const variableStar = (alert: AnswerAlert): boolean => {
  if ((alert.prvDiaSources ?? []).length < 10) return false
  const priors = priorsInBand(alert)
  if (priors.length < 5) return false
  let weights = 0
  let fluxes = 0
  let above = 0
  for (const prior of priors) {
    const weight = 1 / Number(prior.psfFluxErr) ** 2
    weights += weight
    fluxes += weight * Number(prior.psfFlux)
    if (Number(prior.psfFlux) > 0) above++
  }
  const mean = fluxes / weights
  let chiSquare = 0
  for (const prior of priors) chiSquare += ((Number(prior.psfFlux) - mean) / Number(prior.psfFluxErr)) ** 2
  return above > 0 && above < priors.length && chiSquare / (priors.length - 1) > 10
}

/** A known solar system object (no diaObject), unless it moves by at most 0.05 degrees a day; packets say null or 0 where the rate was not computed. */
const asteroids = ({ diaObject, ssSource }: AnswerAlert): boolean => {
  if ((diaObject ?? null) !== null || (ssSource ?? null) === null) return false
  const rate = ssSource?.ephRate
  return !known(rate) || rate === 0 || Math.abs(rate) > 0.05
}

/** In r, i or z, positive, fainter than 1,000 nJy, probably real, and brighter than 1.5 times the object's mean in g, if it has one. */
const redAndFaint = ({ diaSource: s, diaObject }: AnswerAlert): boolean => {
  if (s.band !== 'r' && s.band !== 'i' && s.band !== 'z') return false
  if (!known(s.psfFlux) || s.psfFlux <= 0 || s.psfFlux >= 1000 || !known(s.reliability) || s.reliability <= 0.6)
    return false
  const green = diaObject?.g_psfFluxMean
  return !known(green) || s.psfFlux > 1.5 * green
}

/** The example filters by name. */
export const EXAMPLE_ANSWERS: Readonly<Record<string, (alert: AnswerAlert) => boolean>> = {
  'bright-new-transients': brightNewTransients,
  'supernova-rise': supernovaRise,
  'variable-star': variableStar,
  asteroids,
  'red-and-faint': redAndFaint,
}
