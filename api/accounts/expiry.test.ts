import { expect, test } from 'vitest'
import { type Caller } from './caller.ts'
import { expiryOf, isOver, isWithin } from './expiry.ts'

const now = Date.parse('2026-11-21T00:00:00Z')
const soon = '2026-11-21T00:00:04.000Z'
const eternal: Caller = { account: 'alice', tokenId: 'x', scopes: ['filters:read'], isAdmin: false }
const brief: Caller = { ...eternal, expiresAt: soon }
const administrator: Caller = { ...brief, isAdmin: true }
const refused = expect.objectContaining({ code: 'API_REQUEST_INVALID', problems: [expect.anything()] })

test('a token of four seconds makes none that lasts longer', () => {
  expect(expiryOf(undefined, brief, now)).toBe(soon)
  expect(expiryOf('2026-11-21T00:00:03Z', brief, now)).toBe('2026-11-21T00:00:03.000Z')
  expect(() => expiryOf('2026-11-21T00:00:04.001Z', brief, now)).toThrow(refused)
  expect(() => expiryOf('2027-01-01T00:00:00Z', administrator, now)).toThrow(refused)
})
test('one without an end makes what it is asked for', () => {
  expect(expiryOf(undefined, eternal, now)).toBeUndefined()
  expect(expiryOf('2026-11-21T01:00:00+01:00', { ...eternal }, now - 1)).toBe('2026-11-21T00:00:00.000Z')
})
test.each(['2026-11-21T00:00:00Z', '2020-01-01T00:00:00Z', '2040-01-01T00:00:00Z', '2026-12-31T23:59:60Z', 'soon'])(
  'an end at %s is refused',
  wanted => expect(() => expiryOf(wanted, eternal, now)).toThrow(refused),
)
test('a token of an earlier version that ends at a leap second has ended', () => {
  expect(isOver('2026-12-31T23:59:60Z', now)).toBe(true)
  expect(isOver(soon, now)).toBe(false)
  expect(isOver(undefined, now)).toBe(false)
})
test('something without an end is within nothing that has one', () => {
  expect(isWithin(undefined, soon)).toBe(false)
  expect(isWithin(soon, undefined)).toBe(true)
  expect(isWithin(soon, soon)).toBe(true)
})
