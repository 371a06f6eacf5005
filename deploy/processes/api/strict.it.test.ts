// What an instance takes literally: types, names, moments, keys of repeated requests, and how far a token's rights reach into what it makes.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const GOOD = 'export const filter = alert => alert.diaSource.psfFlux > 0'
const STREAM = 'lsst-alerts-v11'

let instance: TestInstance
let url: string
let alice: string

const call = (
  method: string,
  path: string,
  token: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => ask(method, url + path, { token, body, headers })
const tokenOf = async (options: object, by = instance.adminToken): Promise<Answer['body']> => {
  const { status, body } = await call('POST', '/v1/accounts/alice/tokens', by, { label: 'test', ...options })
  expect([status, body]).toMatchObject([201, { id: expect.any(String) }])
  return body
}
const within = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()

beforeAll(async () => {
  instance = await openTestInstance(inject('kafka'), { settings: { tokensPerAccount: 50 } })
  await instance.startRedis()
  ;({ url } = await instance.open())
  const scopes = ['filters:read', 'filters:write', 'stream:full', 'read:alertdb']
  await call('POST', '/v1/accounts', instance.adminToken, { name: 'alice', scopes, limits: { filters: 20 } })
  alice = (await tokenOf({})).token
})
afterAll(() => instance?.close())

describe('a token', () => {
  test('makes none that lasts longer than itself', async () => {
    const ends = within(60)
    const brief = await tokenOf({ expiresAt: ends })
    expect((await tokenOf({}, brief.token)).expiresAt).toBe(ends)
    const longer = { label: 'longer', expiresAt: within(3600) }
    expect((await call('POST', '/v1/accounts/alice/tokens', brief.token, longer)).body.errors[0].pointer).toBe(
      '/expiresAt',
    )
  })
  test('makes no Kafka user that lasts longer than itself', async () => {
    const ends = within(60)
    const { token } = await tokenOf({ expiresAt: ends })
    const login = await call('POST', '/v1/accounts/alice/logins', token, { label: 'brief' })
    expect(login).toMatchObject({ status: 201, body: { expiresAt: ends } })
    const lasting = await call('POST', '/v1/accounts/alice/logins', alice, { label: 'lasting' })
    expect([lasting.status, lasting.body.expiresAt]).toEqual([201, undefined])
    const rotated = await call('POST', `/v1/accounts/alice/logins/${lasting.body.user}/password`, token)
    expect(rotated).toMatchObject({ status: 403, body: { code: 'API_SCOPE_MISSING' } })
    const made = await call('POST', `/v1/topics/${STREAM}/credentials`, token, {})
    expect(made).toMatchObject({ status: 201, body: { expiresAt: ends } })
  })
  test('without scopes lists and makes none, and revokes only itself', async () => {
    const bare = await tokenOf({ scopes: [] })
    const other = await tokenOf({ scopes: ['filters:read'] })
    const refused = { status: 403, body: { code: 'API_SCOPE_MISSING' } }
    expect(await call('GET', '/v1/accounts/alice/tokens', bare.token)).toMatchObject(refused)
    expect(await call('POST', '/v1/accounts/alice/tokens', bare.token, { label: 'x' })).toMatchObject(refused)
    expect(await call('DELETE', `/v1/accounts/alice/tokens/${other.id}`, bare.token)).toMatchObject(refused)
    expect((await call('DELETE', `/v1/accounts/alice/tokens/${bare.id}`, bare.token)).status).toBe(204)
    expect((await call('GET', '/v1/me', bare.token)).status).toBe(401)
  })
  test('revokes no token that may do more than it', async () => {
    const reader = await tokenOf({ scopes: ['filters:read'] })
    const peer = await tokenOf({ scopes: ['filters:read'] })
    const writer = await tokenOf({ scopes: ['filters:read', 'filters:write'] })
    const refused = await call('DELETE', `/v1/accounts/alice/tokens/${writer.id}`, reader.token)
    expect(refused).toMatchObject({ status: 403, body: { code: 'API_SCOPE_MISSING' } })
    expect((await call('DELETE', `/v1/accounts/alice/tokens/${peer.id}`, reader.token)).status).toBe(204)
  })
  test.each([
    '2026-12-31T23:59:60Z',
    '2030-02-30T00:00:00Z',
    '2030-01-01T24:00:00Z',
    '2020-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    'tomorrow',
  ])('does not end at %s', async expiresAt => {
    const { status, body } = await call('POST', '/v1/accounts/alice/tokens', alice, { label: 'x', expiresAt })
    expect([status, body.errors[0].pointer]).toEqual([400, '/expiresAt'])
  })
  test('is good until its end and not a moment longer', async () => {
    const { token } = await tokenOf({ expiresAt: within(3) })
    expect((await call('GET', '/v1/me', token)).status).toBe(200)
    while ((await call('GET', '/v1/me', token)).status === 200) await sleep(100)
    expect((await call('GET', '/v1/me', token)).body.code).toBe('API_TOKEN_EXPIRED')
  })
  test('has scopes that are known, each once', async () => {
    for (const scopes of [['filters:read', 'filters:read'], ['everything'], Array(16_000).fill('filters:read')])
      expect((await call('POST', '/v1/accounts/alice/tokens', alice, { label: 'x', scopes })).status).toBe(
        JSON.stringify(scopes).length > 16_384 ? 413 : 400,
      )
  })
})

describe('a body', () => {
  const submission = { name: 'strict', language: 'javascript', source: GOOD }
  test.each([
    ['/cap', { cap: true }],
    ['/cap', { cap: '5' }],
    ['/cap', { cap: 5.5 }],
    ['/cutouts', { cutouts: 'false' }],
    ['/cutouts', { cutouts: 0 }],
    ['/name', { name: 5 }],
    ['/name', { name: ['strict'] }],
    ['/source', { source: null }],
    ['/expires', { expires: '2020-01-01T00:00:00Z' }],
  ])('is not turned into another type: %s of %j', async (pointer, wrong) => {
    const { status, body } = await call('POST', '/v1/filters', alice, { ...submission, ...wrong })
    expect([status, body.errors[0].pointer]).toEqual([400, pointer])
  })
  test('with a property nobody knows is refused, and the property named, on every route', async () => {
    const { body: made } = await call('POST', '/v1/filters', alice, { ...submission, name: 'known' })
    const source = { language: 'javascript', source: GOOD }
    for (const [method, path, body] of [
      ['POST', '/v1/filters', submission],
      ['POST', '/v1/filters:check', source],
      ['POST', `/v1/filters/${made.id}/versions`, source],
      ['PUT', `/v1/filters/${made.id}/active`, { version: 1 }],
      ['PATCH', `/v1/filters/${made.id}`, { description: 'x' }],
      ['POST', '/v1/accounts/alice/tokens', { label: 'x' }],
      ['POST', '/v1/accounts/alice/logins', { label: 'x' }],
    ] as const) {
      const answer = await call(method, path, alice, { ...body, caps: 5 })
      expect([path, answer.status, answer.body.errors[0].pointer]).toEqual([path, 400, '/caps'])
    }
  })
  test('names and descriptions hold nothing that a reader does not see', async () => {
    const { body: made } = await call('POST', '/v1/filters', alice, {
      ...submission,
      name: 'seen',
      source: `export const description = 'Bright \\u202e one\\u001b[2J'\n${GOOD}`,
    })
    expect(made.description).toBe('Bright   one [2J')
    for (const hidden of ['a\u202eb', 'a\u001b[31m', 'a\u0000', 'a\nb', 'a\u2066b']) {
      const path = `/v1/filters/${made.id}`
      expect((await call('PATCH', path, alice, { description: hidden })).body.errors[0].pointer).toBe('/description')
      const label = await call('POST', '/v1/accounts/alice/tokens', alice, { label: hidden })
      expect(label.body.errors[0].pointer).toBe('/label')
    }
  })
  test('that is all mistakes gets a short answer', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`property${at}`, 1]))
    const { status, body } = await call('POST', '/v1/filters', alice, { ...submission, ...wrong })
    expect(status).toBe(400)
    expect(JSON.stringify(body).length).toBeLessThan(5000)
    expect(JSON.stringify((await call('POST', `/v1/${'x'.repeat(10_000)}`, alice, {})).body).length).toBeLessThan(5000)
  })
})

describe('an Idempotency-Key', () => {
  const submit = async (body: object, key: string): Promise<Answer> => {
    const submission = { name: 'keyed', language: 'javascript', source: GOOD, ...body }
    for (;;) {
      const answer = await call('POST', '/v1/filters', alice, submission, { 'idempotency-key': key })
      // On a machine that is busy, Redis may seem to be away for a moment.
      if (answer.status !== 503) return answer
      await sleep(100)
    }
  }
  test('answers the same request with the same filter, and any other with what differs', async () => {
    const first = await submit({ cap: 5, expires: 'end-of-night' }, 'one')
    expect(first.status).toBe(201)
    expect((await submit({ cap: 5, expires: 'end-of-night' }, 'one')).body.id).toBe(first.body.id)
    for (const other of [
      { cap: 6 },
      { policy: 'best' },
      { name: 'other' },
      { source: `${GOOD} ` },
      { cutouts: true },
    ]) {
      const { status, body } = await submit({ cap: 5, expires: 'end-of-night', ...other }, 'one')
      expect([other, status, body.code]).toEqual([other, 409, 'API_KEY_REUSED'])
      expect(body.detail).toContain(Object.keys(other)[0])
    }
    expect((await submit({}, 'one')).status).toBe(409)
  })
  test('does not answer with a filter that was deleted', async () => {
    const { body } = await submit({ name: 'brief' }, 'two')
    expect((await call('DELETE', `/v1/filters/${body.id}`, alice)).status).toBe(204)
    expect(await submit({ name: 'brief' }, 'two')).toMatchObject({ status: 409, body: { code: 'API_KEY_REUSED' } })
    expect((await submit({ name: 'brief' }, 'three')).status).toBe(201)
  })
})
