// Which filters are slow.
import { expect, test } from 'vitest'
import { openPaces, SLOW_US } from './slow-filters.ts'

test('a filter is slow when its mean over many records is above the limit, and not before', () => {
  const paces = openPaces()
  expect(paces.isSlowAfter('a', 256, (256 * SLOW_US * 2) / 1000)).toBe(false)
  expect(paces.isSlowAfter('a', 256, (256 * SLOW_US * 2) / 1000)).toBe(true)
})

test('a single slow batch is forgotten', () => {
  const paces = openPaces()
  for (let i = 0; i < 10; i++) paces.isSlowAfter('a', 256, 0.1)
  expect(paces.isSlowAfter('a', 256, 100)).toBe(false)
  for (let i = 0; i < 100; i++) expect(paces.isSlowAfter('a', 256, 0.1)).toBe(false)
})

test('filters are judged each for itself', () => {
  const paces = openPaces()
  expect(paces.isSlowAfter('slow', 1024, 1000)).toBe(true)
  expect(paces.isSlowAfter('quick', 1024, 1)).toBe(false)
})
