// What ends a suspension, and what begins one.
import { expect, test } from 'vitest'
import { afterStrike, isSuspended } from './strikes-and-suspension.ts'

const suspension = { generation: 3, reason: 'timeout', message: 'took 1.2 s', at: '2026-11-21T00:00:00Z' }

test('a suspension holds for its generation and is ended by a resume', () => {
  expect(isSuspended(suspension, 3)).toBe(true)
  expect(isSuspended(suspension, 2)).toBe(true)
  expect(isSuspended(suspension, 4)).toBe(false)
  expect(isSuspended(undefined, 1)).toBe(false)
})

test('the first hard failure costs the shared host, the second one the right to run', () => {
  expect(afterStrike(0)).toEqual({ strikes: 1, next: 'quarantine' })
  expect(afterStrike(1)).toEqual({ strikes: 2, next: 'suspend' })
})
