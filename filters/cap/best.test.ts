// Property tests of the cap `best`.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { better, closeBest, decideBest } from './best.ts'
import { type Candidate, newVisit } from './visit.ts'

const candidate = (alert: number, score: number): Candidate => ({
  alert: BigInt(alert),
  score,
  source: { topic: 't', partition: 0, offset: BigInt(alert) },
  version: 1,
})
const alerts = fc.uniqueArray(
  fc.record({ id: fc.integer({ min: 0, max: 500 }), score: fc.integer({ min: 0, max: 9 }) }),
  {
    selector: ({ id }) => id,
    maxLength: 120,
  },
)

test('the winners of a visit are the highest scores in whatever order its alerts come', () => {
  fc.assert(
    fc.property(alerts, fc.integer({ min: 1, max: 30 }), fc.infiniteStream(fc.nat()), (list, cap, order) => {
      const all = list.map(({ id, score }) => candidate(id, score))
      const shuffled = all.map(item => ({ item, key: order.next().value as number })).toSorted((a, b) => a.key - b.key)
      const visit = newVisit(0, 0)
      const evicted = shuffled.flatMap(({ item }) => {
        const { decision, evicted: lost } = decideBest(visit, cap, item)
        return decision === 'over-cap' ? [item] : lost === undefined ? [] : [lost]
      })
      const winners = []
      // In parts, as packets are read again.
      do winners.push(...closeBest(visit, () => true, 7))
      while (visit.held.length > 0)
      expect(winners).toEqual(all.toSorted(better).slice(0, cap))
      expect(visit.overCap).toBe(evicted.length)
      expect(new Set([...winners, ...evicted].map(({ alert }) => alert)).size).toBe(all.length)
      expect(visit.delivered).toEqual(winners.map(({ alert }) => alert))
    }),
  )
})

test('what comes after the close is over the cap, even when the cap is not full', () => {
  const visit = newVisit(0, 0)
  decideBest(visit, 20, candidate(1, 5))
  closeBest(visit)
  expect(decideBest(visit, 20, candidate(2, 9)).decision).toBe('over-cap')
  expect(visit).toMatchObject({ passed: 2, delivered: [1n], overCap: 1 })
})

test('an alert that was received twice holds one place', () => {
  const visit = newVisit(0, 0)
  decideBest(visit, 20, candidate(1, 5))
  expect(decideBest(visit, 20, candidate(1, 5)).decision).toBe('duplicate')
  expect(closeBest(visit)).toHaveLength(1)
  expect(decideBest(visit, 20, candidate(1, 5)).decision).toBe('duplicate')
})
