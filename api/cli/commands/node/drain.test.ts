import { expect, test } from 'vitest'
import { drainText } from './drain.ts'

test('a drain is told in a line, and each filter that cannot go in one more', () => {
  const drain = { left: 5, moving: 3, finishing: 2, finishedAt: '2026-11-21T00:30:00Z', readable: 2, stuck: [] }
  expect(drainText({ mirror: 'node1', drain })).toBe(
    'node1: 5 filters left, 3 of them moving, 2 gone whose visits it finishes until 2026-11-21T00:30:00Z',
  )
  const stuck = [{ filter: 'f', name: 'bright', why: 'no node can take it now' }]
  expect(drainText({ mirror: 'node1', drain: { ...drain, left: 1, moving: 0, finishing: 0, stuck } })).toBe(
    'node1: 1 filters left, 0 of them moving\n  bright stays: no node can take it now',
  )
  const over = { left: 0, moving: 0, finishing: 0, readable: 0, stuck: [] }
  expect(drainText({ mirror: 'node1', drain: over })).toBe(
    'node1 has given all its filters away; it can be removed: skysieve node remove node1',
  )
  expect(drainText({ mirror: 'node1', drain: { ...over, readable: 7, readableUntil: 'T' } })).toContain(
    'What 7 filters delivered there can be read until T, and goes with it.',
  )
  expect(drainText({ mirror: 'node1' })).toBe('node1 is not drained.')
})
