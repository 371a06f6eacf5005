import { array, assert, nat, property } from 'fast-check'
import { expect, test } from 'vitest'
import { afterDeath } from './back-off.ts'

test('the first death is followed by a quick restart, the next ones by longer waits', () => {
  expect(afterDeath([0])).toEqual({ delayMs: 500, keepsDying: false })
  expect(afterDeath([0, 1000])).toEqual({ delayMs: 1000, keepsDying: false })
  expect(afterDeath([0, 1000, 3000])).toEqual({ delayMs: 2000, keepsDying: false })
})

test('five deaths within a minute is dying on and on', () => {
  expect(afterDeath([0, 1, 2, 3, 4]).keepsDying).toBe(true)
  expect(afterDeath([0, 1, 2, 3, 60_000]).keepsDying).toBe(false)
})

test('a death after a quiet minute counts as the first', () => {
  expect(afterDeath([0, 1, 2, 3, 70_000])).toEqual({ delayMs: 500, keepsDying: false })
})

test('a restart never waits less than half a second or more than fifteen', () => {
  assert(
    property(array(nat(1_000_000), { minLength: 1 }), times => {
      const { delayMs } = afterDeath(times.toSorted((a, b) => a - b))
      expect(delayMs).toBeGreaterThanOrEqual(500)
      expect(delayMs).toBeLessThanOrEqual(15_000)
    }),
  )
})
