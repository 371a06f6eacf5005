// Transactions stay within their size and lose no piece.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyPiece, type Piece } from './piece.ts'
import { newestChanges, piecesThatFit } from './transaction-plan.ts'

const pieceOf = (bytes: number): Piece => ({ ...emptyPiece(), bytes })

test('a transaction takes pieces from the front up to its size, and at least one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.nat(200), (sizes, max) => {
      const queue = sizes.map(pieceOf)
      const count = piecesThatFit(queue, max)
      const taken = sizes.slice(0, count).reduce((sum, size) => sum + size, 0)
      expect(count).toBeGreaterThanOrEqual(1)
      expect(count === 1 || taken <= max).toBe(true)
      expect(count === sizes.length || taken + (sizes[count] ?? 0) > max).toBe(true)
    }),
  )
})

test('of a key that several pieces change, the newest value is committed', () => {
  const first = {
    ...emptyPiece(),
    changes: new Map([
      ['a', () => '1'],
      ['b', () => '1'],
    ]),
  }
  const second = { ...emptyPiece(), changes: new Map([['a', (): string | null => null]]) }
  const values = [...newestChanges([first, second])].map(([key, change]) => [key, change()])
  expect(values).toEqual([
    ['a', null],
    ['b', '1'],
  ])
})
