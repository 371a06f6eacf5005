// Streams wait for schemas each for itself.
import { expect, test } from 'vitest'
import { SchemaBook } from './awaited-schemas.ts'

test('ids that nobody knows hold up their own stream, and no other', async () => {
  const { signal } = new AbortController()
  const waitMs = 400
  const book = new SchemaBook({ source: { get: () => Promise.resolve(undefined) }, waitMs, signal })
  expect(book.of('lsst')).toBe(book.of('lsst'))
  expect(await book.of('lsst')(1)).toBeUndefined()
  const begunMs = performance.now()
  expect(await book.of('ztf')(1)).toBeUndefined()
  expect(performance.now() - begunMs).toBeGreaterThanOrEqual(waitMs)
})
