import { expect, test } from 'vitest'
import { WaitingBudget } from './waiting-budget.ts'

test('time to wait is spent once for all that wait, and comes back slowly', () => {
  const budget = new WaitingBudget(10_000, 0)
  budget.begin(1000)
  budget.begin(2000)
  expect(budget.leftMs(4000)).toBe(7000)
  budget.end(5000, true)
  budget.end(20_000, true)
  expect(budget.leftMs(20_000)).toBe(0)
  expect(budget.leftMs(80_000)).toBe(1000)
  expect(budget.leftMs(10_000_000)).toBe(10_000)
})

test('waiting that was not in vain costs nothing', () => {
  const budget = new WaitingBudget(10_000, 0)
  budget.begin(0)
  budget.end(8000, false)
  expect(budget.leftMs(8000)).toBe(10_000)
})
