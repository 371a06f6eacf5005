import { randomBytes } from 'node:crypto'
import { assert, property, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { requireScope } from './caller.ts'
import { refuseReserved } from './reserved-names.ts'
import { type AccountRecord, type TokenRecord } from '../control/account-records.ts'
import { openSecretBox } from './secret-box.ts'
import { hashToken, mintToken, tokenId } from './bearer-token.ts'
import { authenticate, type TokenSource } from './authenticate.ts'

const now = Date.parse('2026-11-21T00:00:00Z')
const account: AccountRecord = {
  kind: 'account',
  id: 'alice',
  scopes: ['filters:read', 'filters:write'],
  limits: { filters: 3, requestsPerMinute: 60 },
  createdAt: '2026-11-20T00:00:00Z',
}
const { id, token } = mintToken()
const record: TokenRecord = {
  kind: 'token',
  id,
  account: 'alice',
  label: 'laptop',
  sha256: hashToken(token),
  scopes: ['filters:read', 'admin'],
  createdAt: '2026-11-20T00:00:00Z',
}
const admin = mintToken().token
const source = (over: Partial<TokenRecord> = {}): TokenSource => ({
  adminTokenSha256: hashToken(admin),
  token: wanted => (wanted === id ? { ...record, ...over } : undefined),
  account: wanted => (wanted === 'alice' ? account : undefined),
})

describe('a token', () => {
  test('names its account and never more scopes than the account has', () => {
    expect(authenticate(token, source(), now)).toEqual({
      account: 'alice',
      tokenId: id,
      scopes: ['filters:read'],
      isAdmin: false,
    })
  })
  test('of the configuration is the administrator’s', () => {
    expect(authenticate(admin, source(), now)).toMatchObject({ account: 'admin', isAdmin: true })
  })
  test('with another secret is unknown', () => {
    expect(() => authenticate(mintToken(id).token, source(), now)).toThrow(
      expect.objectContaining({ code: 'API_TOKEN_UNKNOWN' }),
    )
    expect(() => authenticate('nonsense', source(), now)).toThrow(
      expect.objectContaining({ code: 'API_TOKEN_UNKNOWN' }),
    )
  })
  test('that expired says so, from that very millisecond', () => {
    const expiresAt = new Date(now).toISOString()
    expect(() => authenticate(token, source({ expiresAt }), now)).toThrow(
      expect.objectContaining({ code: 'API_TOKEN_EXPIRED' }),
    )
    expect(authenticate(token, source({ expiresAt }), now - 1)).toMatchObject({ account: 'alice' })
  })
  test('has a recognisable form that holds its id', () => {
    expect(token).toMatch(/^sky_[0-9a-z]{10}_[0-9a-z]{40}$/)
    expect(tokenId(token)).toBe(id)
  })
  test('without a scope is told which one is missing', () => {
    const caller = authenticate(token, source(), now)
    expect(() => requireScope(caller, 'stream:full')).toThrow(/stream:full; yours has filters:read/)
  })
})

test.each(['filter', 'skysieve', 'skysieve-api', 'connect', 'kraft', 'node1', 'node12-x', 'mm2-node1', 'admin'])(
  'the name %s is refused',
  name => expect(() => refuseReserved(name)).toThrow(expect.objectContaining({ code: 'API_NAME_RESERVED' })),
)
test.each(['filterina', 'hubble', 'nodes', 'kafkaesque'])('the name %s is allowed', name =>
  expect(() => refuseReserved(name)).not.toThrow(),
)

describe('a sealed secret', () => {
  const box = openSecretBox(randomBytes(32))
  test('opens to what was sealed, for its own name only', () => {
    assert(
      property(uint8Array({ maxLength: 100 }), string(), string(), (secret, name, other) => {
        const sealed = box.seal(name, secret)
        expect([...box.open(name, sealed)]).toEqual([...secret])
        expect(() => box.open(`${name}-${other}`, sealed)).toThrow(/authenticate/)
      }),
    )
  })
  test('does not open under another key or altered', () => {
    const sealed = box.seal('alice', Buffer.from('secret'))
    expect(() => openSecretBox(randomBytes(32)).open('alice', sealed)).toThrow(/authenticate/)
    const altered = Buffer.from(sealed, 'base64')
    altered[altered.length - 1]! ^= 1
    expect(() => box.open('alice', altered.toString('base64'))).toThrow(/authenticate/)
  })
})
