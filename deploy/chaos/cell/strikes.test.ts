import { expect, test } from 'vitest'
import { strikesFor } from './strikes.ts'

test('each machine is struck once by each means, in an order that is the seed’s', () => {
  const strikes = strikesFor(3, 4)
  expect(new Set(strikes.map(({ action, machine }) => `${action} ${machine}`)).size).toBe(6)
  expect(strikesFor(3, 4)).toEqual(strikes)
  const orders = [1, 2, 3, 4].map(seed => JSON.stringify(strikesFor(3, seed)))
  expect(new Set(orders).size).toBeGreaterThan(1)
})
