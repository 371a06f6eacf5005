import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { hashToken, tokenMatches } from '../accounts/bearer-token.ts'
import { authorityMark, mintJoinToken, parseJoinToken } from './join-token.ts'
import { AUTHORITY } from './join.fixture.ts'

test('a token tells its id and its system, and is known by its hash alone', () => {
  const authority = authorityMark(AUTHORITY)
  const { id, token, sha256 } = mintJoinToken(authority)
  expect(parseJoinToken(token)).toEqual({ id, authority })
  expect(sha256).toBe(hashToken(token))
  expect(tokenMatches(token, sha256)).toBe(true)
  expect(tokenMatches(mintJoinToken(authority).token, sha256)).toBe(false)
  expect(token.length).toBeLessThanOrEqual(200)
})

test('an authority’s mark is the beginning of its certificate’s SHA-256; a system of plain text has zeros', () => {
  expect(authorityMark(AUTHORITY)).toMatch(/^[0-9a-f]{32}$/)
  expect(authorityMark(`${AUTHORITY}\n${AUTHORITY}`)).toBe(authorityMark(AUTHORITY))
  expect(authorityMark(undefined)).toBe('0'.repeat(32))
})

test('what is cut off, longer or otherwise spelt is no token', () => {
  const { token } = mintJoinToken(authorityMark(undefined))
  for (const text of [token.slice(1), token.slice(0, -1), `${token}0`, `${token}\n`, token.toUpperCase(), ''])
    expect(parseJoinToken(text)).toBeUndefined()
  assert(property(string({ maxLength: 200 }), text => parseJoinToken(text) === undefined))
})
