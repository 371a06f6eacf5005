import { expect, test } from 'vitest'
import { medianOf, quantileOf, spreadOf } from './quantiles.ts'

test('a quantile is one of the values, and of nothing 0', () => {
  expect(quantileOf([1, 2, 3, 10], 0.5)).toBe(3)
  expect(quantileOf([1, 2, 3, 10], 1)).toBe(10)
  expect(quantileOf([], 0.99)).toBe(0)
  expect(medianOf([9, 1, 5])).toBe(5)
})

test('a spread takes values in any order', () => {
  expect(spreadOf([3, 100, 1, 2])).toEqual({ p50: 3, p99: 100, max: 100 })
  expect(spreadOf([])).toEqual({ p50: 0, p99: 0, max: 0 })
})
