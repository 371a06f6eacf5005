// Streams wait for schemas each for itself.
import { expect, test } from 'vitest'
import { AwaitedSchemas } from './awaited-schemas.ts'

test('ids that nobody knows hold up their own stream, and no other', async () => {
  const { signal } = new AbortController()
  const waitMs = 400
  const schemas = new AwaitedSchemas({ source: { get: () => Promise.resolve(undefined) }, waitMs, signal })
  expect(schemas.of('lsst')).toBe(schemas.of('lsst'))
  expect(await schemas.of('lsst')(1)).toBeUndefined()
  const begunMs = performance.now()
  expect(await schemas.of('ztf')(1)).toBeUndefined()
  expect(performance.now() - begunMs).toBeGreaterThanOrEqual(waitMs)
})
