// Classes of objects: for each, what a visit measures of it and what earlier nights did. Fluxes in nJy, times in days.
import { type Exposure, exposureAt } from './exposures.ts'
import { type Random } from './random.ts'
import { BANDS } from './schemas/rubin-records.ts'

/** What is seen, with its share of the alerts. */
const SHARES = [
  ['artefact', 0.38],
  ['variable', 0.18],
  ['supernova', 0.14],
  ['asteroid', 0.12],
  ['red', 0.1],
  ['transient', 0.08],
] as const
type ObjectClass = (typeof SHARES)[number][0]

/** A flux measured in one exposure; null where the fit failed. */
export interface Measurement {
  readonly exposure: Exposure
  readonly psfFlux: number | null
  readonly psfFluxErr: number | null
}

/** One alert before it becomes records. `priors` and `forced` are oldest first; null as in packets of new objects. */
export interface Sighting {
  readonly objectClass: ObjectClass
  readonly now: Measurement
  readonly reliability: number | null
  readonly priors: readonly Measurement[] | null
  readonly forced: readonly Measurement[] | null
}

/** Flux over the template at a time. */
type LightCurve = (midpointMjdTai: number) => number

const MAX_PRIORS = 50
const MAX_FORCED = 100
const DETECTION_SIGMA = 5
const RISE_DAYS = 18
const DECLINE_DAYS = 30

const measure = (exposure: Exposure, flux: number, sigma: number, random: Random): Measurement => {
  const err = Math.fround(sigma * random.between(0.8, 1.25))
  return {
    exposure,
    psfFlux: random.chance(0.02) ? null : Math.fround(flux + err * random.normal()),
    psfFluxErr: random.chance(0.01) ? null : err,
  }
}

/** `count` exposures before `now`, gaps between `minDays` and `maxDays`; two in five in the band of now. Oldest first. */
const earlier = (now: Exposure, count: number, minDays: number, maxDays: number, random: Random): Exposure[] => {
  let time = now.midpointMjdTai
  const exposures: Exposure[] = []
  for (let n = 0; n < count; n++) {
    time -= random.between(minDays, maxDays)
    const night = Math.floor(time)
    exposures.push(exposureAt(night + random.between(0.01, 0.37), random.chance(0.4) ? now.band : random.pick(BANDS)))
  }
  return exposures.toReversed()
}

const isDetected = ({ psfFlux }: Measurement, sigma: number): boolean =>
  psfFlux === null || Math.abs(psfFlux) > DETECTION_SIGMA * sigma

/** An object with history: detections become priors, and every exposure may have a forced measurement. */
const followed = (
  objectClass: ObjectClass,
  now: Exposure,
  curve: LightCurve,
  sigma: number,
  exposures: readonly Exposure[],
  random: Random,
): Sighting => {
  const measured = exposures.map(at => measure(at, curve(at.midpointMjdTai), sigma, random))
  const priors = measured.filter(one => isDetected(one, sigma)).slice(-MAX_PRIORS)
  const forced = exposures.slice(-MAX_FORCED).map(at => measure(at, curve(at.midpointMjdTai), sigma, random))
  return {
    objectClass,
    now: measure(now, curve(now.midpointMjdTai), sigma, random),
    reliability: random.chance(0.01) ? NaN : Math.fround(1 - 0.5 * random.next() ** 3),
    priors: priors.length === 0 ? null : priors,
    forced: random.chance(0.05) ? [] : forced,
  }
}

const variable = (now: Exposure, random: Random): Sighting => {
  const amplitude = 800 * 20 ** random.next()
  const periodDays = 0.3 * 1000 ** random.next()
  const phase = random.between(0, 2 * Math.PI)
  const curve: LightCurve = time => amplitude * Math.sin(phase + (2 * Math.PI * time) / periodDays)
  const exposures = earlier(now, random.whole(0, 70), 0.8, 7, random)
  return followed('variable', now, curve, random.between(60, 250), exposures, random)
}

const supernova = (now: Exposure, random: Random): Sighting => {
  const ageDays = random.between(5, 45)
  const start = now.midpointMjdTai - ageDays
  const peak = 2000 * 15 ** random.next()
  const curve: LightCurve = time => {
    const days = time - start
    if (days <= 0) return 0
    return days < RISE_DAYS ? peak * (days / RISE_DAYS) ** 2 : peak * Math.exp((RISE_DAYS - days) / DECLINE_DAYS)
  }
  const exposures = earlier(now, random.whole(6, 40), 0.6, 2.4, random)
  return followed('supernova', now, curve, random.between(60, 200), exposures, random)
}

/** Faint and rarely seen before; too red for the g band. */
const red = (now: Exposure, random: Random): Sighting => {
  const flux = 300 * 6 ** random.next()
  const exposures = earlier(now, random.whole(0, 8), 1, 20, random)
  return followed('red', now, () => flux, flux / random.between(5, 12), exposures, random)
}

/** Seen once: no priors; `forced` is null or empty as both occur. */
const once = (
  objectClass: ObjectClass,
  now: Exposure,
  flux: number,
  sigma: number,
  reliability: number | null,
  random: Random,
): Sighting => ({
  objectClass,
  now: measure(now, flux, sigma, random),
  reliability: reliability === null ? null : Math.fround(reliability),
  priors: null,
  forced: objectClass !== 'asteroid' && random.chance(0.3) ? [] : null,
})

const single = (objectClass: 'artefact' | 'asteroid' | 'transient', now: Exposure, random: Random): Sighting => {
  const sigma = random.between(60, 400)
  const snr = DETECTION_SIGMA - 8 * Math.log(1 - random.next())
  if (objectClass !== 'artefact')
    return once(objectClass, now, snr * sigma, sigma, 1 - 0.4 * random.next() ** 3, random)
  const reliability = random.chance(0.03) ? null : random.chance(0.03) ? NaN : 0.6 * random.next() ** 2
  return once(objectClass, now, (random.chance(0.45) ? -snr : snr) * sigma, sigma, reliability, random)
}

const draw = (random: Random): ObjectClass => {
  let left = random.next()
  for (const [name, share] of SHARES) if ((left -= share) < 0) return name
  return 'artefact'
}

/** What one alert of an exposure shows. */
export const drawSighting = (now: Exposure, random: Random): Sighting => {
  const objectClass = draw(random)
  if (objectClass === 'variable') return variable(now, random)
  if (objectClass === 'supernova') return supernova(now, random)
  if (objectClass === 'red') return red(now, random)
  return single(objectClass, now, random)
}
