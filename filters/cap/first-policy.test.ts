// Property tests of the cap `first`.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideFirst } from './first-policy.ts'
import { newVisit, type Visit } from './visit.ts'

const packets = fc.array(fc.record({ visit: fc.integer({ min: 0, max: 4 }), alert: fc.integer({ min: 0, max: 40 }) }), {
  maxLength: 300,
})

test('however visits interleave, each gets its first distinct alerts up to the cap and everything else is counted', () => {
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 25 }), (stream, cap) => {
      const visits = new Map<number, Visit>()
      for (const { visit, alert } of stream) {
        const state = visits.get(visit) ?? newVisit(0, 0)
        visits.set(visit, state)
        decideFirst(state, cap, BigInt(alert))
      }
      for (const [visit, state] of visits) {
        const passing = stream.filter(packet => packet.visit === visit).map(({ alert }) => BigInt(alert))
        expect(state.delivered).toEqual([...new Set(passing)].slice(0, cap))
        expect(state.passed).toBe(passing.length)
        expect(state.delivered.length + state.overCap + state.duplicates).toBe(passing.length)
      }
    }),
  )
})

test('a cap that is lowered in the middle of a visit takes nothing back and lets nothing more through', () => {
  const state = newVisit(0, 0)
  for (let alert = 0n; alert < 5n; alert++) decideFirst(state, 20, alert)
  expect(decideFirst(state, 3, 9n)).toBe('over-cap')
  expect(state.delivered).toHaveLength(5)
})

test('an alert that the hub received twice goes out once', () => {
  const state = newVisit(0, 0)
  expect(decideFirst(state, 20, 7n)).toBe('deliver')
  expect(decideFirst(state, 20, 7n)).toBe('duplicate')
  expect(state).toMatchObject({ passed: 2, delivered: [7n], duplicates: 1, overCap: 0 })
})
