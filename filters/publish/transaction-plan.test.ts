// Transactions stay within their size and lose no unit.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyUnit, type CommitUnit } from './commit-unit.ts'
import { newestChanges, nextUnits, UNIT_BYTES } from './transaction-plan.ts'

const unitOf = (bytes: number): CommitUnit => ({ ...emptyUnit(), bytes })

test('a transaction takes units from the front up to its size, and at least one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.nat(200), (sizes, max) => {
      const count = nextUnits(sizes.map(unitOf), 0, max).length
      const taken = sizes.slice(0, count).reduce((sum, size) => sum + size, 0)
      expect(count).toBeGreaterThanOrEqual(1)
      expect(count === 1 || taken <= max).toBe(true)
      expect(count === sizes.length || taken + (sizes[count] ?? 0) > max).toBe(true)
    }),
  )
})

const ranked = fc.record({
  bytes: fc.nat(60),
  rank: fc.option(fc.oneof(fc.constant('live' as const), fc.record({ untilMs: fc.constant(3) })), { nil: undefined }),
})

test('rows of a live lane go before rows that yield, for a while, and nothing else changes its order', () => {
  fc.assert(
    fc.property(fc.array(ranked, { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 100 }), (list, max) => {
      const all = list.map(({ bytes, rank }) => ({ ...unitOf(bytes), ...(rank === undefined ? {} : { rank }) }))
      let queue: CommitUnit[] = all
      const order: number[] = []
      for (let nowMs = 0; queue.length > 0; nowMs++) {
        const places = nextUnits(queue, nowMs, max)
        expect(places.length).toBeGreaterThan(0)
        const bytes = places.reduce((sum, at) => sum + (queue[at]?.bytes ?? 0), 0)
        expect(places.length === 1 || bytes <= max).toBe(true)
        order.push(...places.map(at => all.indexOf(queue[at] as CommitUnit)))
        queue = queue.filter((_, at) => !places.includes(at))
      }
      const place = new Map(order.map((at, position) => [at, position]))
      expect(place.size).toBe(list.length)
      for (let first = 0; first < list.length; first++)
        for (let second = first + 1; second < list.length; second++) {
          if ((place.get(second) ?? 0) > (place.get(first) ?? 0)) continue
          expect(list[first]?.rank).toBeTypeOf('object')
          expect(list[second]?.rank).toBe('live')
          expect(list.slice(first, second).every(({ rank }) => rank !== undefined)).toBe(true)
        }
    }),
  )
})

test('what yields is not passed over any more when its time is over', () => {
  const own = { ...unitOf(10), rank: { untilMs: 100 } }
  const live = { ...unitOf(10), rank: 'live' as const }
  expect(nextUnits([own, live], 99, 10)).toEqual([1])
  expect(nextUnits([own, live], 100, 10)).toEqual([0])
  expect(nextUnits([own, live], 99, 20)).toEqual([0, 1])
})

test("in a live lane's rush what yields waits although there is room", () => {
  const own = { ...unitOf(10), rank: { untilMs: 100 } }
  const rush = { ...unitOf(UNIT_BYTES / 2), rank: 'live' as const }
  expect(nextUnits([own, rush, own], 99)).toEqual([1])
  expect(nextUnits([own, rush, own], 100)).toEqual([0, 1, 2])
})

test('what has yielded for long enough goes with every transaction, a unit of it at a time, unless everything is to be committed', () => {
  const own = { ...unitOf(UNIT_BYTES), rank: { untilMs: 100 } }
  const live = { ...unitOf(10), rank: 'live' as const }
  const moves = unitOf(10)
  expect(nextUnits([own, own, live, live, moves, live], 100)).toEqual([0, 2, 3])
  expect(nextUnits([own, own, live, live, moves, live], Infinity)).toEqual([0, 1, 2, 3, 4, 5])
})

test('of a key that several units change, the newest value is committed', () => {
  const first = {
    ...emptyUnit(),
    changes: new Map([
      ['a', () => '1'],
      ['b', () => '1'],
    ]),
  }
  const second = { ...emptyUnit(), changes: new Map([['a', (): string | null => null]]) }
  const values = [...newestChanges([first, second])].map(([key, change]) => [key, change()])
  expect(values).toEqual([
    ['a', null],
    ['b', '1'],
  ])
})
