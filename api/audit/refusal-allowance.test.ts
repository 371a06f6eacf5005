import { expect, test } from 'vitest'
import { openAllowance } from './refusal-allowance.ts'

test('a flood of refusals is counted, not written down one by one', () => {
  const allowance = openAllowance(2)
  const taken = [0, 1, 2, 3, 4].map(ms => allowance.take(ms))
  expect(taken).toEqual([0, 0, undefined, undefined, undefined])
  expect(allowance.take(1004)).toBe(3)
  expect(allowance.take(1005)).toBe(0)
  expect(allowance.take(1006)).toBeUndefined()
})

test('a clock that goes back gives nothing away', () => {
  const allowance = openAllowance(1)
  expect(allowance.take(5000)).toBe(0)
  expect(allowance.take(1000)).toBeUndefined()
})
