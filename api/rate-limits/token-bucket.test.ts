import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Level, take, type Verdict } from './token-bucket.ts'
import { openLimiter } from './limiter.ts'

const LIMITS = { requestsPerMinute: 60, bytesPerMinute: 6000 }

/** Verdicts of requests at times, each after an answer of so many bytes. */
const verdicts = (asked: readonly (readonly [atMs: number, bytes: number])[]): Verdict[] => {
  let level: Level | undefined
  return asked.map(([atMs, bytes]) => {
    const taken = take(level, LIMITS, bytes, atMs)
    level = taken.level
    return taken.verdict
  })
}

describe('a bucket', () => {
  test('holds a minute’s requests, refuses the next, and says when one may come', () => {
    const burst = verdicts(Array.from({ length: 61 }, () => [0, 0] as const))
    expect(burst.map(({ allowed }) => allowed)).toEqual([...Array.from({ length: 60 }, () => true), false])
    expect(burst[60]).toMatchObject({ requests: 0, waitMs: 1000 })
  })
  test('fills evenly', () => {
    const asked = Array.from({ length: 60 }, () => [0, 0] as const)
    expect(
      verdicts([...asked, [999, 0], [1000, 0], [1000, 0]])
        .slice(60)
        .map(({ allowed }) => allowed),
    ).toEqual([false, true, false])
  })
  test('of bytes may be owed; nothing is allowed until that is paid', () => {
    const [first, second, third, fourth] = verdicts([
      [0, 0],
      [0, 9000],
      [29_000, 0],
      [31_000, 0],
    ])
    expect(first).toMatchObject({ allowed: true, bytes: 6000 })
    expect(second).toMatchObject({ allowed: false, bytes: -3000, waitMs: 30_010 })
    expect(third?.allowed).toBe(false)
    expect(fourth).toMatchObject({ allowed: true, requests: 59 })
  })
  test('is not emptied by a clock that goes back, and fills on from there', () => {
    const asked = Array.from({ length: 60 }, () => [1e9, 0] as const)
    expect(
      verdicts([...asked, [0, 0], [1000, 0]])
        .slice(60)
        .map(({ allowed }) => allowed),
    ).toEqual([false, true])
  })
  test('never allows more than twice its size in any minute', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 200, maxLength: 400 })
    fc.assert(
      fc.property(gaps, steps => {
        let now = 0
        const times = steps.map(step => (now += step))
        const allowed = times.filter((_, at) => verdicts(times.map(time => [time, 0]))[at]?.allowed)
        for (const from of allowed)
          expect(allowed.filter(time => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(120)
      }),
      { numRuns: 5 },
    )
  })
})

test('without Redis a process counts each caller by itself, and forgets nobody who still owes', async () => {
  let now = 0
  const limiter = openLimiter(undefined, () => now)
  expect((await limiter.ask('a', LIMITS)).allowed).toBe(true)
  limiter.used('a', 7000)
  expect((await limiter.ask('a', LIMITS)).allowed).toBe(false)
  expect((await limiter.ask('b', LIMITS)).allowed).toBe(true)
  now += 20_000
  expect((await limiter.ask('a', LIMITS)).allowed).toBe(true)
})
