// What a survey may write as the time of its records: most visits have true timestamps, one of each other kind comes again and again. Pure.

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** The timestamp of a packet sent at `sentMs`, of a visit whose first was sent at `firstMs`; -1 is none. */
type Stamp = (sentMs: number, firstMs: number) => number

const STAMPS: readonly Stamp[] = [
  sentMs => sentMs,
  // Replayed, or mirrored late.
  sentMs => sentMs - 2 * HOUR_MS,
  // A clock that is wrong.
  sentMs => sentMs + 50 * MINUTE_MS,
  // The time of the exposure.
  (_sentMs, firstMs) => firstMs,
  () => -1,
  sentMs => sentMs,
  sentMs => sentMs,
]

/** The moment of sending, of every visit: as Rubin's. */
export const trueStamp = (): Stamp => sentMs => sentMs

export const stampOf = (visitNumber: number): Stamp => STAMPS[visitNumber % STAMPS.length] ?? (sentMs => sentMs)
