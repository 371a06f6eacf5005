// Property tests of the cap `best`.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { better, decideBest, endBest, takeBest } from './best-policy.ts'
import { decideFirst } from './first-policy.ts'
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
      expect(endBest(visit, cap)).toEqual([])
      do winners.push(...takeBest(visit, () => true, 7))
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
  endBest(visit, 20)
  takeBest(visit)
  expect(decideBest(visit, 20, candidate(2, 9)).decision).toBe('over-cap')
  expect(visit).toMatchObject({ passed: 2, delivered: [1n], overCap: 1 })
})

test('an alert that was received twice holds one place', () => {
  const visit = newVisit(0, 0)
  decideBest(visit, 20, candidate(1, 5))
  expect(decideBest(visit, 20, candidate(1, 5)).decision).toBe('duplicate')
  endBest(visit, 20)
  expect(takeBest(visit)).toHaveLength(1)
  expect(decideBest(visit, 20, candidate(1, 5)).decision).toBe('duplicate')
})

test('a cap that is lowered while a visit is open holds when it ends: the last candidates are over it', () => {
  const visit = newVisit(0, 0)
  for (let score = 1; score <= 5; score++) decideBest(visit, 5, candidate(score, score))
  expect(endBest(visit, 2).map(({ alert }) => alert)).toEqual([3n, 2n, 1n])
  expect(takeBest(visit).map(({ alert }) => alert)).toEqual([5n, 4n])
  expect(visit).toMatchObject({ passed: 5, overCap: 3, delivered: [5n, 4n], held: [] })
})

test('a policy that is changed within a visit gives no more than the cap', () => {
  const visit = newVisit(0, 0)
  for (let score = 1; score <= 3; score++) decideBest(visit, 4, candidate(score, score))
  expect([decideFirst(visit, 4, 3n), decideFirst(visit, 4, 8n), decideFirst(visit, 4, 9n)]).toEqual([
    'duplicate',
    'deliver',
    'over-cap',
  ])
  endBest(visit, 4)
  takeBest(visit)
  expect(visit.delivered).toEqual([8n, 3n, 2n, 1n])
  expect(visit).toMatchObject({ passed: 6, overCap: 1, duplicates: 1 })
})
