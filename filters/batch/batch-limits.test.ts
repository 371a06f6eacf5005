import { BATCH_LIMITS } from '#hub'
import { MAX_BINARY_BYTES, MAX_LIST_ROWS, MAX_ROWS, MAX_TEXT_UNITS } from '#sandbox'
import { expect, test } from 'vitest'

test('the hub fills batches up to what a sandbox takes, and no further', () => {
  expect(BATCH_LIMITS).toEqual({
    maxRows: MAX_ROWS,
    maxListRows: MAX_LIST_ROWS,
    maxTextUnits: MAX_TEXT_UNITS,
    maxBinaryBytes: MAX_BINARY_BYTES,
  })
})
