// The pace of a visit: every packet once, in time, and in bursts of Rubin's measured sizes.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { burstSlices, openPace, smoothSlices } from './visit-pace.ts'

const total = (slices: readonly { readonly packets: number }[]): number =>
  slices.reduce((sum, { packets }) => sum + packets, 0)

test('every packet has a slice, slices are in order and end within the spread', () => {
  fc.assert(
    fc.property(fc.nat(50_000), fc.nat(60_000), fc.nat(), (packets, spreadMs, seed) => {
      for (const [slices, endMs] of [
        [smoothSlices(packets, spreadMs), spreadMs],
        [burstSlices(packets, seed), 3000],
      ] as const) {
        expect(total(slices)).toBe(packets)
        expect(slices.every(({ dueMs }, at) => dueMs >= (slices[at - 1]?.dueMs ?? 0) && dueMs <= endMs)).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

test('smooth packets leave at an even rate', () => {
  const slices = smoothSlices(10_000, 29_600)
  expect(Math.max(...slices.map(({ packets }) => packets))).toBeLessThanOrEqual(68)
  expect(Math.min(...slices.map(({ packets }) => packets))).toBeGreaterThanOrEqual(67)
})

test('10,000 packets leave in about 189 bursts of 10 to 200, centred on 50', () => {
  const sizes = burstSlices(10_000, 3).map(({ packets }) => packets)
  expect(sizes.length).toBeGreaterThan(150)
  expect(sizes.length).toBeLessThan(230)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(10)
})

test('what is due never shrinks and is everything at the end', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.array(fc.nat(4000), { maxLength: 20 }), (packets, times) => {
      const slices = burstSlices(packets, 9)
      const pace = openPace(slices)
      const due = times.toSorted((a, b) => a - b).map(time => pace.dueAfter(time))
      expect(due.every((count, at) => count >= (due[at - 1] ?? 0) && count <= packets)).toBe(true)
      expect(pace.dueAfter(3000)).toBe(packets)
    }),
  )
})
