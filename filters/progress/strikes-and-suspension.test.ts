// What ends a suspension, and what begins one.
import { expect, test } from 'vitest'
import { afterFailure, holds } from './strikes-and-suspension.ts'

const suspension = { generation: 3, reason: 'timeout', message: 'took 1.2 s', at: '2026-11-21T00:00:00Z' }

test('a suspension holds for its generation and is ended by a resume', () => {
  expect(holds(suspension, 3)).toBe(true)
  expect(holds(suspension, 2)).toBe(true)
  expect(holds(suspension, 4)).toBe(false)
  expect(holds(undefined, 1)).toBe(false)
})

test('the first hard failure costs the shared host, the second one the right to run', () => {
  expect(afterFailure(0)).toEqual({ strikes: 1, next: 'quarantine' })
  expect(afterFailure(1)).toEqual({ strikes: 2, next: 'suspend' })
})
