// When a visit is over.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { doneMs, isOver, streamClock } from './visit-over.ts'

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

test('packets that come late do not close their visit with the first of them, and hold nothing open for longer than a deadline', () => {
  const clock = (askedMs: number, lateMs: number): number =>
    streamClock([{ newestMs: 0, doneMs: doneMs(askedMs, lateMs, rule) }])
  const visit = { firstMs: 470_000, lastMs: 480_000 }
  expect(isOver(visit, clock(507_000, 27_000), rule)).toBe(false)
  expect(isOver(visit, clock(522_000, 27_000), rule)).toBe(true)
  expect(clock(522_000, 3_600_000)).toBe(522_000 - rule.deadlineMs)
  // The survey's clock is ahead of ours.
  expect(clock(522_000, -27_000)).toBe(522_000)
})

test('a visit that keeps getting packets is closed at its deadline', () => {
  expect(isOver({ firstMs: 0, lastMs: 89_000 }, 89_999, rule)).toBe(false)
  expect(isOver({ firstMs: 0, lastMs: 89_999 }, 90_000, rule)).toBe(true)
})

test('without a partition nothing is over', () => {
  expect(isOver({ firstMs: 0, lastMs: 0 }, streamClock([]), rule)).toBe(false)
})
