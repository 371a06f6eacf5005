import { expect, test } from 'vitest'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { nextOf } from './fetch-again.ts'

const error = (code: string, exitCode: 1 | 2 | 5 | 6, retryAfterMs?: number): CliError =>
  new CliError(code, exitCode, code, retryAfterMs === undefined ? {} : { retryAfterMs })

test('an account whose rate is used up waits as long as the API says, however often', () => {
  for (const attempt of [0, 50])
    expect(nextOf(error('API_RATE_LIMIT', EXIT.limit, 7000), attempt, 0.5)).toEqual({ waitMs: 7000, isRate: true })
  expect(nextOf(error('API_RATE_LIMIT', EXIT.limit), 0, 0)).toEqual({ waitMs: 30_000, isRate: true })
})

test('an API that is away, and a connection that broke, are asked ever more slowly, and not for ever', () => {
  const away = error('CLI_API_UNREACHABLE', EXIT.ourFault)
  const waits = Array.from({ length: 12 }, (_, attempt) => nextOf(away, attempt, 1))
  expect(waits.slice(0, 3)).toEqual([500, 1000, 2000].map(waitMs => ({ waitMs, isRate: false })))
  expect(waits.at(-1)).toEqual({ waitMs: 30_000, isRate: false })
  expect(nextOf(away, 12, 1)).toBe('failed')
  expect(nextOf(new TypeError('terminated'), 0, 0)).toEqual({ waitMs: 250, isRate: false })
  expect(nextOf(error('API_UNAVAILABLE', EXIT.ourFault, 3000), 0, 0)).toEqual({ waitMs: 3000, isRate: false })
})

test('a packet that is gone is let go, and what will never work is the end', () => {
  expect(nextOf(error('API_ALERT_UNKNOWN', EXIT.usage), 0, 0)).toBe('gone')
  expect(nextOf(error('API_SCOPE_MISSING', EXIT.auth), 0, 0)).toBe('failed')
  expect(nextOf(error('CLI_NOTICE', EXIT.usage), 0, 0)).toBe('failed')
})
