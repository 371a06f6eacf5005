import { expect, test } from 'vitest'
import { openPrintedOffsets } from './printed-offsets.ts'

test('what is read again after a connection was lost is not printed again; other partitions and later offsets are', () => {
  const isNew = openPrintedOffsets()
  expect([0n, 1n, 3n].map(offset => isNew('near:9092/0', offset))).toEqual([true, true, true])
  expect([1n, 3n, 4n, 6n].map(offset => isNew('near:9092/0', offset))).toEqual([false, false, true, true])
  expect(isNew('far:9092/0', 0n)).toBe(true)
})
