import { expect, test } from 'vitest'
import { timetable } from '../visits/timetable.ts'
import { openEndedTimetable } from './open-ended-timetable.ts'

const OPTIONS = { alerts: 50, intervalMs: 1000, partitions: 4, seed: 2 }

test('the visits that are asked for come as in any run, later ones ever more rarely, and each takes as long as it did', () => {
  const departures = openEndedTimetable({ ...OPTIONS, visits: 4, maxVisits: 20 })
  const usual = timetable({ ...OPTIONS, visits: 20 })
  const first = (visit: number, all = departures): number =>
    Math.min(...all.filter(({ visitNumber }) => visitNumber === visit).map(({ dueMs }) => dueMs))
  const last = (visit: number, all = departures): number =>
    Math.max(...all.filter(({ visitNumber }) => visitNumber === visit).map(({ dueMs }) => dueMs))
  expect(first(3)).toBe(first(3, usual))
  expect(first(8) - first(3)).toBeGreaterThan(13_000)
  expect(first(19) - first(14)).toBeGreaterThan(38_000)
  for (const visit of [3, 8, 19])
    expect(last(visit) - first(visit)).toBeCloseTo(last(visit, usual) - first(visit, usual))
  expect(departures.map(({ dueMs }) => dueMs)).toEqual(departures.map(({ dueMs }) => dueMs).toSorted((a, b) => a - b))
})
