// When a visit is over.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOver, streamClock } from './closing.ts'

const rule = { quietMs: 15_000, deadlineMs: 90_000 }

test('a shard that catches up closes no visit before it has read every partition past it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1 }), newest => {
      const clock = streamClock(newest.map(newestMs => ({ newestMs, doneMs: undefined })))
      expect(clock).toBe(Math.min(...newest))
    }),
  )
})

test('a partition that nobody writes to does not hold visits open', () => {
  const clock = streamClock([
    { newestMs: 500_000, doneMs: 516_000 },
    { newestMs: 0, doneMs: 516_000 },
  ])
  expect(isOver({ firstMs: 480_000, lastMs: 500_000 }, clock, rule)).toBe(true)
})

test('a partition whose broker has not answered since keeps visits open, whatever the wall clock says', () => {
  const clock = streamClock([
    { newestMs: 500_000, doneMs: 501_000 },
    { newestMs: 0, doneMs: 516_000 },
  ])
  expect(isOver({ firstMs: 480_000, lastMs: 500_000 }, clock, rule)).toBe(false)
})

test('a visit that keeps getting packets is closed at its deadline', () => {
  expect(isOver({ firstMs: 0, lastMs: 89_000 }, 89_999, rule)).toBe(false)
  expect(isOver({ firstMs: 0, lastMs: 89_999 }, 90_000, rule)).toBe(true)
})

test('without a partition nothing is over', () => {
  expect(isOver({ firstMs: 0, lastMs: 0 }, streamClock([]), rule)).toBe(false)
})
