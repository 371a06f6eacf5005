import { expect, test } from 'vitest'
import { faultsFor, UPSTREAM_FAULTS } from './upstream-faults.ts'

test('a seed gives the same faults each time, every kind as often as another', () => {
  const faults = faultsFor(2 * UPSTREAM_FAULTS.length, 3)
  expect(faults).toEqual(faultsFor(2 * UPSTREAM_FAULTS.length, 3))
  for (const kind of UPSTREAM_FAULTS) expect(faults.filter(fault => fault === kind)).toHaveLength(2)
  expect(faultsFor(20, 3)).toHaveLength(20)
  expect(faultsFor(7, 4)).not.toEqual(faultsFor(7, 3))
})
