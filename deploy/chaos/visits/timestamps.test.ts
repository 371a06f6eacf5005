import { expect, test } from 'vitest'
import { stampOf } from './timestamps.ts'

test('of seven visits four have another timestamp than the moment of sending: old, ahead, that of the first packet, none', () => {
  const sentMs = 1_790_000_000_000
  const stamps = Array.from({ length: 7 }, (_, visit) => stampOf(visit)(sentMs, sentMs - 9000))
  expect(stamps).toEqual([sentMs, sentMs - 7_200_000, sentMs + 3_000_000, sentMs - 9000, -1, sentMs, sentMs])
  expect(stampOf(8)(sentMs, 0)).toBe(sentMs - 7_200_000)
})
