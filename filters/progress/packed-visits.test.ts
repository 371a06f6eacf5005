// Visits in buffers are what they were as objects.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { newVisit, type Visit } from '../cap/visit.ts'
import { PackedVisits } from './packed-visits.ts'

const id = fc.oneof(fc.bigInt(-20n, 20n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const counts = fc.record({
  seen: fc.nat(),
  passed: fc.nat(),
  errors: fc.nat(99),
  overCap: fc.nat(),
  duplicates: fc.nat(3),
  gone: fc.nat(3),
  closed: fc.boolean(),
  lastMs: fc.nat(),
  touchedMs: fc.nat(),
})
const state: fc.Arbitrary<Visit> = fc
  .tuple(counts, fc.array(id, { maxLength: 25 }))
  .map(([some, delivered]) => ({ ...newVisit(1000, 0), ...some, delivered }))

test('whatever is packed, replaced and taken out, in whatever order, the rest is there as it was', () => {
  const step = fc.record({ visit: id, state: fc.option(state, { freq: 3 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const packed = new PackedVisits()
      const plain = new Map<bigint, Visit>()
      for (const { visit, state: next } of steps) {
        if (next === null) {
          packed.delete(visit)
          plain.delete(visit)
        } else {
          packed.set(visit, next)
          plain.set(visit, next)
        }
      }
      for (const { visit } of steps) expect(packed.get(visit)).toEqual(plain.get(visit))
      const inOrder = [...plain].toSorted(([a], [b]) => (a < b ? -1 : 1))
      expect([...packed.entries()]).toEqual(
        inOrder.map(([visit, { touchedMs, lastMs }]) => ({ visit, touchedMs, lastMs })),
      )
    }),
  )
})
