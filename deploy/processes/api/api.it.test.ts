import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openAdmin, openProducer, type Producer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const GOOD = 'export const description = "all"\nexport const filter = alert => alert.diaSource.psfFlux > 0'
const THROWS = 'export function filter(alert) {\n  return alert.nothing.here > 1\n}'

let instance: TestInstance
let url: string
let alice: string
let bob: string
let statuses: Producer

const call = (
  method: string,
  path: string,
  token: string | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => ask(method, url + path, { token, body, headers })
const submit = (token: string, name: string, source = GOOD, headers = {}): Promise<Answer> =>
  call('POST', '/v1/filters', token, { name, language: 'javascript', source }, headers)

/** Asks until the filter's stage is one of these. */
async function staged(id: string, ...stages: readonly string[]): Promise<Answer> {
  for (;;) {
    const answer = await call('GET', `/v1/filters/${id}`, instance.adminToken)
    if (stages.includes(answer.body.stage)) return answer
    await sleep(50)
  }
}

/** What a node reports of a filter. */
const report = (filter: string, over: object = {}): Promise<void> => {
  const visits = [{ visit: '2026112100001', seen: 1000, passed: 30, delivered: 20, overCap: 10, errors: 0 }]
  const status = {
    filter,
    mirror: 'node1',
    shard: 0,
    state: 'live',
    version: 1,
    generation: 1,
    lane: 'live',
    visits,
    cpuMs: 4,
    updatedAt: new Date().toISOString(),
    ...over,
  }
  return statuses.send([{ topic: 'skysieve.status', key: filter, value: JSON.stringify(status) }])
}

/** What a node keeps of alerts over the cap. */
const overCapOf = async (filter: string, visit: string, overCap: number): Promise<void> => {
  const alerts = [{ alert: '42', source: 'lsst-alerts-v11-0-7' }]
  const producer = await openProducer(kafka.node, { clientId: 'api-test-node' })
  await producer.send([
    { topic: 'skysieve.over-cap', key: filter, value: JSON.stringify({ filter, visit, overCap, alerts }) },
  ])
  await producer.close()
}

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  const api = await instance.open()
  url = api.url
  statuses = await openProducer(kafka.hub, { clientId: 'api-test-node' })
  for (const name of ['alice', 'bob']) {
    await call('POST', '/v1/accounts', instance.adminToken, { name })
  }
  const token = async (account: string): Promise<string> =>
    (await call('POST', `/v1/accounts/${account}/tokens`, instance.adminToken, { label: 'test' })).body.token
  alice = await token('alice')
  bob = await token('bob')
})
afterAll(async () => {
  await statuses?.close()
  await instance?.close()
})

describe('accounts and tokens', () => {
  test('a token is shown once and lists without its secret', async () => {
    const { body } = await call('GET', '/v1/accounts/alice/tokens', alice)
    expect(body.items).toHaveLength(1)
    expect(JSON.stringify(body)).not.toMatch(/sky_|sha256/)
    expect((await call('GET', '/v1/me', alice)).body).toMatchObject({ account: 'alice', admin: false })
  })
  test('a revoked token is refused at once', async () => {
    const made = await call('POST', '/v1/accounts/bob/tokens', bob, { label: 'short', scopes: ['filters:read'] })
    expect((await call('GET', '/v1/filters', made.body.token)).status).toBe(200)
    expect((await call('DELETE', `/v1/accounts/bob/tokens/${made.body.id}`, bob)).status).toBe(204)
    expect((await call('GET', '/v1/filters', made.body.token)).body).toMatchObject({
      status: 401,
      code: 'API_TOKEN_UNKNOWN',
    })
  })
  test('nobody gives a token more than they have, or touches another account', async () => {
    const more = await call('POST', '/v1/accounts/alice/tokens', alice, { label: 'x', scopes: ['admin'] })
    expect(more.body).toMatchObject({ status: 403, code: 'API_SCOPE_MISSING' })
    expect((await call('GET', '/v1/accounts/alice/tokens', bob)).body.code).toBe('API_ACCOUNT_UNKNOWN')
    expect((await call('POST', '/v1/accounts', bob, { name: 'carol' })).body.code).toBe('API_SCOPE_MISSING')
  })
  test('a reserved or taken name is refused', async () => {
    expect((await call('POST', '/v1/accounts', instance.adminToken, { name: 'skysieve-x' })).body.code).toBe(
      'API_NAME_RESERVED',
    )
    expect((await call('POST', '/v1/accounts', instance.adminToken, { name: 'alice' })).body.code).toBe(
      'API_NAME_TAKEN',
    )
    expect((await call('POST', '/v1/accounts', instance.adminToken, { name: 'a.b' })).body).toMatchObject({
      code: 'API_REQUEST_INVALID',
      errors: [{ pointer: '/name' }],
    })
  })
})

describe('every error is a problem document', () => {
  test.each([
    ['GET', '/v1/nothing', 404, 'API_ROUTE_UNKNOWN'],
    ['GET', '/v1/filters/f0000000000', 404, 'API_FILTER_UNKNOWN'],
    ['GET', '/v1/filters/nonsense', 400, 'API_REQUEST_INVALID'],
    ['GET', '/v1/filters?limit=9999', 400, 'API_REQUEST_INVALID'],
    ['GET', '/v1/filters?cursor=bm90aGluZw', 400, 'API_REQUEST_INVALID'],
    ['GET', '/v1/topics/filter.f0000000000', 404, 'API_TOPIC_UNKNOWN'],
    ['DELETE', '/v1/topics/filter.f0000000000/credentials/alice', 404, 'API_CREDENTIAL_UNKNOWN'],
  ])('%s %s', async (method, path, status, code) => {
    const answer = await call(method, path, alice)
    expect(answer.headers.get('content-type')).toMatch('application/problem+json')
    expect(answer.body).toMatchObject({ status, code, requestId: answer.headers.get('x-request-id') })
  })
  test('without a token, with a wrong body, with a body that is no JSON, with one too large', async () => {
    expect((await call('GET', '/v1/filters', undefined)).body).toMatchObject({ status: 401, code: 'API_TOKEN_MISSING' })
    const good = { name: 'x', language: 'javascript', source: 'x' }
    for (const [pointer, wrong] of [
      ['/language', { ...good, language: 'cobol' }],
      ['/more', { ...good, more: 1 }],
    ] as const) {
      const { body } = await call('POST', '/v1/filters', alice, wrong)
      expect(body.code).toBe('API_REQUEST_INVALID')
      expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer)
    }
    const text = await fetch(`${url}/v1/filters`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice}`, 'content-type': 'text/plain' },
      body: 'x',
    })
    expect(await text.json()).toMatchObject({ status: 415, code: 'API_MEDIA_TYPE' })
    const large = await submit(alice, 'large', ' '.repeat(3_000_000))
    expect(large.body).toMatchObject({ status: 413, code: 'API_BODY_TOO_LARGE' })
  })
})

describe('a submission', () => {
  test('with problems is refused with line and column and leaves nothing', async () => {
    const answer = await submit(alice, 'broken', 'export function filter(alert) {\n  return alert..x\n}')
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'API_SOURCE_REJECTED',
      errors: [{ pointer: '/source', line: 2, column: 16, code: 'FILTER_SOURCE_SYNTAX' }],
    })
    expect(
      (await submit(alice, 'imports', 'import fs from "fs"\nexport const filter = () => fs')).body.errors[0].code,
    ).toBe('FILTER_SOURCE_IMPORT')
    expect((await call('GET', '/v1/filters?name=broken', alice)).body.items).toEqual([])
  })
  test('of a language that does not run here, or for an unknown stream, says so', async () => {
    const python = await call('POST', '/v1/filters', alice, {
      name: 'p',
      language: 'python',
      source: 'class X(AlertFilter): pass',
    })
    expect(python.body).toMatchObject({ status: 422, code: 'API_RUNTIME_MISSING' })
    const stream = await call('POST', '/v1/filters', alice, {
      name: 's',
      language: 'javascript',
      source: GOOD,
      stream: 'sky',
    })
    expect(stream.body).toMatchObject({ status: 422, code: 'API_STREAM_UNKNOWN' })
  })
  test('is checked, tried, placed, and live once its node says so; somebody else does not see it', async () => {
    const made = await submit(alice, 'bright')
    expect(made).toMatchObject({
      status: 201,
      body: { owner: 'alice', description: 'all', state: 'submitted', cap: 20 },
    })
    const { id } = made.body
    expect(made.headers.get('location')).toBe(`/v1/filters/${id}`)
    const started = await staged(id, 'starting')
    expect(started.body).toMatchObject({
      state: 'active',
      placement: { mirror: 'node1', shard: 0 },
      topic: `filter.${id}`,
    })
    await report(id)
    expect((await staged(id, 'live')).body.status.visits[0].delivered).toBe(20)
    await overCapOf(id, '2026112100001', 10)
    const visit = await call('GET', `/v1/filters/${id}/visits/2026112100001`, alice)
    expect(visit.body).toMatchObject({ seen: 1000, delivered: 20, overCap: 10 })
    expect(visit.body.overCapAlerts).toEqual([{ alert: '42', source: 'lsst-alerts-v11-0-7' }])
    expect((await call('GET', `/v1/filters/${id}/visits/1`, alice)).body.code).toBe('API_VISIT_UNKNOWN')
    expect((await call('GET', `/v1/filters/${id}`, bob)).body.code).toBe('API_FILTER_UNKNOWN')
    expect((await call('GET', '/v1/filters', bob)).body.items).toEqual([])
  })
  test('that fails on every alert of the sample is rejected, and a new version starts over', async () => {
    const { body } = await submit(alice, 'throws', THROWS)
    const rejected = await staged(body.id, 'rejected')
    expect(rejected.body.problems[0]).toMatchObject({ line: 2, message: expect.stringMatching(/every alert/) })
    const version = await call('POST', `/v1/filters/${body.id}/versions`, alice, {
      language: 'javascript',
      source: GOOD,
    })
    expect(version).toMatchObject({ status: 201, body: { number: 2 } })
    expect((await staged(body.id, 'starting')).body).toMatchObject({ active: 2, problems: [] })
  })
  test('of a taken name is refused; with the same Idempotency-Key it is the same filter', async () => {
    const key = { 'idempotency-key': 'one' }
    const first = await submit(bob, 'mine', GOOD, key)
    const again = await submit(bob, 'mine', GOOD, key)
    expect(again).toMatchObject({ status: 201, body: { id: first.body.id } })
    expect((await submit(bob, 'other', GOOD, key)).body.code).toBe('API_KEY_REUSED')
    expect((await submit(bob, 'mine')).body).toMatchObject({ status: 409, code: 'API_NAME_TAKEN' })
  })
  test('beyond the account’s number of filters is refused', async () => {
    for (let index = 0; index < 4; index++) expect((await submit(bob, `more ${index}`)).status).toBe(201)
    expect((await submit(bob, 'too many')).body).toMatchObject({ status: 403, code: 'API_QUOTA_REACHED' })
    expect((await call('GET', '/v1/limits', bob)).body.filters).toEqual({ used: 5, limit: 5 })
    const page = await call('GET', '/v1/filters?limit=2', bob)
    expect(page.body.items).toHaveLength(2)
    const rest = await call('GET', `/v1/filters?limit=50&cursor=${page.body.nextCursor}`, bob)
    expect(rest.body).toMatchObject({ nextCursor: null })
    expect(rest.body.items).toHaveLength(3)
  })
})

describe('a live filter', () => {
  let id: string
  beforeAll(async () => {
    id = (await submit(alice, 'changing')).body.id
    await staged(id, 'starting')
    await report(id)
    await staged(id, 'live')
  })

  test('is paused and resumed, only as its reader knows it', async () => {
    const { headers } = await call('GET', `/v1/filters/${id}`, alice)
    const etag = headers.get('etag') ?? ''
    const paused = await call('PATCH', `/v1/filters/${id}`, alice, { state: 'paused' }, { 'if-match': etag })
    expect(paused).toMatchObject({ status: 200, body: { stage: 'paused' } })
    const stale = await call('PATCH', `/v1/filters/${id}`, alice, { state: 'active' }, { 'if-match': etag })
    expect(stale.body).toMatchObject({ status: 412, code: 'API_PRECONDITION' })
    const resumed = await call('PATCH', `/v1/filters/${id}`, alice, { state: 'active' })
    expect(resumed.body).toMatchObject({ stage: 'starting', generation: 2 })
    await report(id, { generation: 2 })
    await staged(id, 'live')
  })
  test('changes to a new version after its trial; a version that fails leaves the old one running', async () => {
    await call('POST', `/v1/filters/${id}/versions`, alice, { language: 'javascript', source: THROWS })
    const failed = await call('PUT', `/v1/filters/${id}/active`, alice, { version: 2 })
    expect(failed.body).toMatchObject({ status: 422, code: 'API_SOURCE_REJECTED', errors: [{ line: 2 }] })
    await call('POST', `/v1/filters/${id}/versions`, alice, { language: 'javascript', source: `${GOOD}\n` })
    expect((await call('PUT', `/v1/filters/${id}/active`, alice, { version: 3 })).body).toMatchObject({
      active: 3,
      stage: 'starting',
    })
    expect((await call('PUT', `/v1/filters/${id}/active`, alice, { version: 9 })).body.code).toBe('API_VERSION_UNKNOWN')
  })
  test('is gone once deleted', async () => {
    expect((await call('DELETE', `/v1/filters/${id}`, bob)).status).toBe(404)
    expect((await call('DELETE', `/v1/filters/${id}`, alice)).status).toBe(204)
    expect((await call('GET', `/v1/filters/${id}`, alice)).status).toBe(404)
    expect((await submit(alice, 'changing')).status).toBe(201)
  })
})

describe('a topic', () => {
  let topic: string
  beforeAll(async () => {
    const [filter] = (await call('GET', '/v1/filters?name=bright', alice)).body.items
    topic = filter.topic
  })

  test('tells missing from empty, and says how a user is made where there is none', async () => {
    expect((await call('GET', `/v1/topics/${topic}`, alice)).body).toMatchObject({
      exists: false,
      empty: true,
      bootstrap: kafka.node.bootstrap,
    })
    const admin = openAdmin(kafka.node)
    await admin.createTopics([{ name: topic }])
    await admin.close()
    const { body } = await call('GET', `/v1/topics/${topic}`, alice)
    expect(body).toMatchObject({
      exists: true,
      empty: true,
      partitions: [{ partition: 0, low: '0', high: '0' }],
      user: null,
      consumers: null,
      hint: expect.stringContaining(`skysieve topic credential ${topic}`),
    })
    expect((await call('GET', `/v1/topics/${topic}`, bob)).body.code).toBe('API_TOPIC_UNKNOWN')
  })
  test('is read by the user made for it, who may do nothing else', async () => {
    const made = await call('POST', `/v1/topics/${topic}/credentials`, alice, {})
    expect(made.status).toBe(201)
    const { user, password, bootstrap } = made.body
    expect(user).toMatch(/^alice-/)
    const page = (await call('GET', `/v1/topics/${topic}`, alice)).body
    expect(page).toMatchObject({ user, groupPrefixes: [`${user}.`, `${user}-`], hint: null })
    expect(page.consumers).toEqual(made.body.consumers)
    for (const text of Object.values<string>(page.consumers)) {
      for (const part of [topic, bootstrap, user, 'isolation.level', 'read_committed', 'SKYSIEVE_KAFKA_PASSWORD'])
        expect(text).toContain(part)
      expect(text).not.toContain(password)
    }
    const producer = await openProducer(kafka.node, { clientId: 'api-test' })
    await producer.send([
      {
        topic,
        value: Buffer.from('packet'),
        headers: { 'skysieve-alert': '1234567890123456789', 'skysieve-visit': '7', 'skysieve-position': '1' },
      },
    ])
    await producer.close()
    const own = openAdmin({ bootstrap, user, password })
    expect(await own.offsets(topic, 'latest')).toEqual(new Map([[0, 1n]]))
    await expect(own.createTopics([{ name: 'stolen' }])).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await own.close()
    const list = await call('GET', `/v1/topics/${topic}/credentials`, alice)
    expect(list.body.items).toMatchObject([{ user }])
    expect(JSON.stringify(list.body)).not.toContain(password)
    expect((await call('DELETE', `/v1/topics/${topic}/credentials/${user}`, bob)).status).toBe(404)
    expect((await call('DELETE', `/v1/topics/${topic}/credentials/${user}`, alice)).status).toBe(204)
    const admin = openAdmin(kafka.node)
    expect(await admin.listUsers()).not.toContain(user)
    expect(await admin.listGrants(user)).toEqual([])
    await admin.close()
  })
  test('gives no user a name of somebody else, and the full stream only to its scope', async () => {
    const named = await call('POST', `/v1/topics/${topic}/credentials`, alice, { user: 'bob-x' })
    expect(named.body).toMatchObject({ code: 'API_REQUEST_INVALID', errors: [{ pointer: '/user' }] })
    expect((await call('POST', '/v1/topics/lsst-alerts-v11/credentials', alice, {})).body.code).toBe(
      'API_TOPIC_UNKNOWN',
    )
  })
})
