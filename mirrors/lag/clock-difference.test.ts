import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openClockDifference } from './clock-difference.ts'

test('however long single times were on their way, the difference is that of the clocks and the quickest of them', () => {
  const offsets = fc.integer({ min: -5000, max: 5000 })
  const ways = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 3, maxLength: 25 })
  fc.assert(
    fc.property(offsets, ways, (offsetMs, delays) => {
      const difference = openClockDifference()
      for (const [second, delayMs] of delays.entries())
        difference.heard(second * 2000, second * 2000 + delayMs + offsetMs)
      const nowMs = delays.length * 2000 + 2000 + Math.max(offsetMs, 0)
      expect(difference.aheadMs(nowMs)).toBe(offsetMs + Math.min(...delays))
    }),
  )
})

test('of a hub that has not been heard of for a minute, or hardly at all, it is unknown', () => {
  const difference = openClockDifference()
  for (const ms of [0, 2000]) difference.heard(ms, ms + 100)
  expect(difference.aheadMs(2200)).toBeUndefined()
  difference.heard(4000, 4100)
  expect(difference.aheadMs(4200)).toBe(100)
  expect(difference.aheadMs(64_200)).toBeUndefined()
})
