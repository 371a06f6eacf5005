import { describe, expect, test } from 'vitest'
import { timetable } from './timetable.ts'

const OPTIONS = { visits: 6, alerts: 400, intervalMs: 10_000, partitions: 4, seed: 3 }
const departures = timetable(OPTIONS)

describe('the timetable of a chaos run', () => {
  test('is the same for the same seed and another for another', () => {
    expect(timetable(OPTIONS)).toEqual(departures)
    expect(timetable({ ...OPTIONS, seed: 4 })).not.toEqual(departures)
  })

  test('sends every packet of every visit, some of them twice, in the order of time', () => {
    const names = departures.map(({ visitNumber, alertNumber }) => `${visitNumber}/${alertNumber}`)
    expect(new Set(names).size).toBe(6 * 400)
    expect(names.length).toBeGreaterThan(6 * 400)
    expect(departures.map(({ dueMs }) => dueMs)).toEqual(departures.map(({ dueMs }) => dueMs).toSorted((a, b) => a - b))
  })

  test('begins a visit before the last one ends, on every partition', () => {
    const second = departures.findIndex(({ visitNumber }) => visitNumber === 1)
    expect(departures.slice(second).some(({ visitNumber }) => visitNumber === 0)).toBe(true)
    expect(new Set(departures.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]))
  })

  test('has packets that come after their visit', () => {
    expect(departures.some(({ visitNumber, dueMs }) => dueMs > (visitNumber + 1.5) * OPTIONS.intervalMs)).toBe(true)
  })
})
