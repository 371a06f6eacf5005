// A timetable for as long as an operator's work takes, on a machine of any speed: the visits that are asked for, and then ever rarer ones. Pure.
import { type Departure, timetable, type TimetableOptions } from '../visits/timetable.ts'

export interface OpenEnded extends TimetableOptions {
  /** Visits at the usual interval; later ones come at larger ones. */
  readonly visits: number
  /** Of all of them together. */
  readonly maxVisits: number
}

/** Intervals from one visit to the next, after the first `visits`, and after three times as many. */
const RARE = 3
const RARER = 8

const lateBy = (visit: number, visits: number): number =>
  Math.max(0, visit - visits + 1) * (RARE - 1) + Math.max(0, visit - 3 * visits + 1) * (RARER - RARE)

/** All departures in the order of their time. A visit takes as long as any other, however rare it is. */
export const openEndedTimetable = ({ visits, maxVisits, ...rest }: OpenEnded): readonly Departure[] =>
  timetable({ ...rest, visits: maxVisits })
    .map(departure => ({
      ...departure,
      dueMs: departure.dueMs + lateBy(departure.visitNumber, visits) * rest.intervalMs,
    }))
    .toSorted((a, b) => a.dueMs - b.dueMs)
