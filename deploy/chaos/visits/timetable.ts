// When each packet of a chaos run leaves, and for which partition: visits that overlap, packets that come late, some twice. Pure and seeded.
import { openRandom } from '#hub'

export interface TimetableOptions {
  readonly visits: number
  /** Packets of a visit, without those sent twice. */
  readonly alerts: number
  readonly intervalMs: number
  readonly partitions: number
  readonly seed: number
}

/** One packet to be sent, so many milliseconds after the start. */
export interface Departure {
  readonly dueMs: number
  readonly visitNumber: number
  readonly alertNumber: number
  readonly partition: number
}

/** A visit takes longer than an interval, so that the next one begins before it ends. */
const SPREAD = 1.3
/** Of a hundred packets one comes after its visit, up to two and a half intervals later. */
const LATE_CHANCE = 0.01
const LATE_MIN = 0.3
const LATE_MAX = 2.5
/** Of two hundred packets one is sent a second time, as a producer does that lost an answer. */
const TWICE_CHANCE = 0.005
const TWICE_WITHIN = 1.5

/** All departures of a run in the order of their time. */
export const timetable = ({ visits, alerts, intervalMs, partitions, seed }: TimetableOptions): readonly Departure[] => {
  const random = openRandom(seed, 1)
  const departures: Departure[] = []
  for (let visitNumber = 0; visitNumber < visits; visitNumber++)
    for (let alertNumber = 0; alertNumber < alerts; alertNumber++) {
      const lateness = random.chance(LATE_CHANCE)
        ? SPREAD + random.between(LATE_MIN, LATE_MAX)
        : random.between(0, SPREAD)
      const first = { visitNumber, alertNumber, dueMs: (visitNumber + lateness) * intervalMs }
      departures.push({ ...first, partition: random.whole(0, partitions - 1) })
      if (random.chance(TWICE_CHANCE)) {
        const dueMs = first.dueMs + random.between(0, TWICE_WITHIN) * intervalMs
        departures.push({ ...first, dueMs, partition: random.whole(0, partitions - 1) })
      }
    }
  return departures.toSorted((a, b) => a.dueMs - b.dueMs)
}
