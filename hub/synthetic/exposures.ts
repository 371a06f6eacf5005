// The synthetic survey's calendar: visits by number, with ids and times as LSSTCam gives them (day of observation, then the number within it).
import { type Band } from './schemas/rubin-records.ts'

/** MJD of 2026-09-01, the night of visit number 0. */
const FIRST_NIGHT_MJD = 61_284
const VISITS_A_NIGHT = 900
const SECONDS_A_VISIT = 37
const DAY_SECONDS = 86_400
const MJD_1970 = 40_587
/** Over four visits in a row two are in g or r and three in r, i or z. */
const BAND_OF_VISIT: readonly Band[] = ['r', 'g', 'i', 'z', 'r', 'g', 'i', 'y', 'g', 'r', 'z', 'u']

/** One visit: its id (YYYYMMDDNNNNN), its mid-exposure time in days (MJD TAI) and its band. */
export interface Exposure {
  readonly visit: bigint
  readonly midpointMjdTai: number
  readonly band: Band
}

const dayOfObservation = (night: number): bigint =>
  BigInt(new Date((night - MJD_1970) * DAY_SECONDS * 1000).toISOString().slice(0, 10).replaceAll('-', ''))

/** The exposure number `sequence` (from 1) of a night (MJD, whole). */
const exposureOf = (night: number, sequence: number, band: Band): Exposure => ({
  visit: dayOfObservation(night) * 100_000n + BigInt(sequence),
  midpointMjdTai: night + (sequence * SECONDS_A_VISIT) / DAY_SECONDS,
  band,
})

/** The visit with that number, counted from 0 over all nights. */
export const exposure = (visitNumber: number): Exposure =>
  exposureOf(
    FIRST_NIGHT_MJD + Math.floor(visitNumber / VISITS_A_NIGHT),
    (visitNumber % VISITS_A_NIGHT) + 1,
    BAND_OF_VISIT[visitNumber % BAND_OF_VISIT.length] ?? 'r',
  )

/** The exposure of an earlier night nearest to a time. */
export const exposureAt = (midpointMjdTai: number, band: Band): Exposure => {
  const night = Math.floor(midpointMjdTai)
  const sequence = Math.floor(((midpointMjdTai - night) * DAY_SECONDS) / SECONDS_A_VISIT)
  return exposureOf(night, Math.min(Math.max(sequence, 1), VISITS_A_NIGHT), band)
}
