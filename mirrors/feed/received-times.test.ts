import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openReceivedTimes } from './received-times.ts'

test('a record came after the last end before it was asked for, and by the first answer with an end behind it', () => {
  const ends = openReceivedTimes()
  ends.noted(10n, 1000, 1010)
  ends.noted(10n, 2000, 2010)
  ends.noted(15n, 3000, 3010)
  expect(ends.received(9n)).toEqual({ afterMs: Number.NEGATIVE_INFINITY, byMs: 1010 })
  expect(ends.received(10n)).toEqual({ afterMs: 2000, byMs: 3010 })
  expect(ends.readBy(9n)).toBeUndefined()
  expect(ends.readBy(14n)).toBe(2000)
  expect(ends.readBy(15n)).toBe(3000)
})

test('a log that became shorter is known only from then on', () => {
  const ends = openReceivedTimes()
  ends.noted(10n, 1000, 1010)
  ends.noted(3n, 2000, 2010)
  expect(ends.received(2n)).toEqual({ afterMs: Number.NEGATIVE_INFINITY, byMs: 2010 })
  expect(ends.readBy(10n)).toBe(2000)
})

test('however a log grows and is looked at, a record came between the two moments that are said, and nothing unread is said to be read', () => {
  const steps = fc.array(fc.record({ grows: fc.nat(3), passesMs: fc.integer({ min: 1, max: 50 }) }), {
    maxLength: 3000,
  })
  fc.assert(
    fc.property(steps, list => {
      const ends = openReceivedTimes()
      const came: number[] = []
      let nowMs = 0
      for (const { grows, passesMs } of list) {
        nowMs += passesMs
        for (let more = 0; more < grows; more++) came.push(nowMs)
        ends.noted(BigInt(came.length), nowMs, nowMs + 1)
        nowMs += 2
      }
      came.forEach((atMs, offset) => {
        const { afterMs, byMs } = ends.received(BigInt(offset))
        expect(afterMs).toBeLessThan(atMs)
        expect(byMs).toBeGreaterThan(atMs)
        expect(ends.readBy(BigInt(offset)) ?? 0).toBeLessThan(atMs)
      })
    }),
    { numRuns: 30 },
  )
})
