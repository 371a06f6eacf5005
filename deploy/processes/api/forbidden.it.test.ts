// What nobody may do: each act is refused, and where it is about something of somebody else's, exactly as if that did not exist.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type BrokerAccess, openAdmin, openKafka, openProducer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const STREAM = 'lsst-alerts-v11'
const SOURCE = 'export const filter = alert => alert.diaSource.psfFlux > 0'

let instance: TestInstance
let url: string
/** Tokens by what they are. */
const tokens: Record<string, string | undefined> = {}
/** What is alice's: names and ids by what they are. */
const hers: Record<string, string> = {}
let mallory: BrokerAccess

const call = (method: string, path: string, token: string | undefined, body?: unknown): Promise<Answer> =>
  ask(method, url + path, { token, body })
const asAdmin = async (method: string, path: string, body?: unknown): Promise<Answer['body']> => {
  const answer = await call(method, path, instance.adminToken, body)
  expect([path, answer.status < 300]).toEqual([path, true])
  return answer.body
}
const tokenOf = async (account: string, options: object = {}): Promise<{ id: string; token: string }> =>
  asAdmin('POST', `/v1/accounts/${account}/tokens`, { label: 'test', ...options })

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  ;({ url } = await instance.open())
  const admin = openAdmin(kafka.hub)
  await admin.createTopics([{ name: STREAM }])
  const scopes = ['filters:read', 'filters:write']
  for (const [name, more] of [
    ['alice', ['stream:full']],
    ['mallory', []],
    ['gone', []],
  ] as const)
    await asAdmin('POST', '/v1/accounts', { name, scopes: [...scopes, ...more] })
  const alice = await tokenOf('alice')
  tokens['mallory'] = (await tokenOf('mallory')).token
  tokens['reader'] = (await tokenOf('mallory', { scopes: ['filters:read'] })).token
  tokens['expired'] = (await tokenOf('mallory', { expiresAt: new Date(Date.now() + 3000).toISOString() })).token
  const revoked = await tokenOf('mallory')
  tokens['revoked'] = revoked.token
  await asAdmin('DELETE', `/v1/accounts/mallory/tokens/${revoked.id}`)
  tokens['ofDeleted'] = (await tokenOf('gone')).token
  await asAdmin('DELETE', '/v1/accounts/gone')
  tokens['wrongSecret'] = `${alice.token.slice(0, -4)}zzzz`
  const filter = await call('POST', '/v1/filters', alice.token, {
    name: 'hers',
    language: 'javascript',
    source: SOURCE,
  })
  const login = await asAdmin('POST', '/v1/accounts/alice/logins', { label: 'main' })
  const made = await call('POST', `/v1/topics/${STREAM}/credentials`, alice.token, {})
  Object.assign(hers, {
    filter: filter.body.id,
    topic: `filter.${filter.body.id}`,
    account: 'alice',
    token: alice.id,
    login: login.user,
    credential: made.body.user,
  })
  await admin.createTopics([{ name: hers['topic'] ?? '' }])
  await admin.close()
  const { user, password, bootstrap } = await asAdmin('POST', '/v1/accounts/mallory/logins', { label: 'main' })
  mallory = { user, password, bootstrap }
  while ((await call('GET', '/v1/me', tokens['expired'])).status !== 401) await sleep(100)
})
afterAll(() => instance?.close())

describe('over HTTP', () => {
  const BIG = JSON.stringify({ name: 'x'.repeat(3_000_000) })
  // Who, what, with what; status and code.
  const table: readonly (readonly [
    what: string,
    who: string,
    act: string,
    body: unknown,
    status: number,
    code: string,
  ])[] = [
    ['no token', 'nobody', 'GET /v1/filters', undefined, 401, 'API_TOKEN_MISSING'],
    ['a password instead of a token', 'Basic YTpi', 'GET /v1/filters', undefined, 401, 'API_TOKEN_MISSING'],
    ['a token nobody has', 'sky_0000000000_00000000000000000000', 'GET /v1/me', undefined, 401, 'API_TOKEN_UNKNOWN'],
    ['a token with another secret', 'wrongSecret', 'GET /v1/me', undefined, 401, 'API_TOKEN_UNKNOWN'],
    ['a revoked token', 'revoked', 'GET /v1/me', undefined, 401, 'API_TOKEN_UNKNOWN'],
    ['a token of a deleted account', 'ofDeleted', 'GET /v1/me', undefined, 401, 'API_TOKEN_UNKNOWN'],
    ['an expired token', 'expired', 'GET /v1/me', undefined, 401, 'API_TOKEN_EXPIRED'],
    [
      'submitting with a token for reading',
      'reader',
      'POST /v1/filters',
      { name: 'x', language: 'javascript', source: SOURCE },
      403,
      'API_SCOPE_MISSING',
    ],
    [
      'a token with more scopes than one’s own',
      'mallory',
      'POST /v1/accounts/mallory/tokens',
      { label: 'x', scopes: ['admin'] },
      403,
      'API_SCOPE_MISSING',
    ],
    ['making an account', 'mallory', 'POST /v1/accounts', { name: 'eve' }, 403, 'API_SCOPE_MISSING'],
    ['listing accounts', 'mallory', 'GET /v1/accounts', undefined, 403, 'API_SCOPE_MISSING'],
    ['deleting an account', 'mallory', 'DELETE /v1/accounts/{account}', undefined, 403, 'API_SCOPE_MISSING'],
    ['giving oneself a topic', 'mallory', `PUT /v1/acls/mallory/${STREAM}`, undefined, 403, 'API_SCOPE_MISSING'],
    ['making a topic', 'mallory', 'POST /v1/topics', { name: 'mine.x', owners: ['mallory'] }, 403, 'API_SCOPE_MISSING'],
    ['deleting a stream', 'mallory', `DELETE /v1/topics/${STREAM}`, undefined, 403, 'API_SCOPE_MISSING'],
    ['reading the audit', 'mallory', 'GET /v1/audit', undefined, 403, 'API_SCOPE_MISSING'],
    ['moving a filter', 'mallory', 'POST /v1/filters/{filter}/move', { mirror: 'node1' }, 403, 'API_SCOPE_MISSING'],
    [
      'a full stream without its scope',
      'mallory',
      `POST /v1/topics/${STREAM}/credentials`,
      {},
      404,
      'API_TOPIC_UNKNOWN',
    ],
    ['the accounts’ topic', 'mallory', 'GET /v1/topics/skysieve.accounts', undefined, 404, 'API_TOPIC_UNKNOWN'],
    [
      'granting the accounts’ topic, for anybody',
      'admin',
      'PUT /v1/acls/mallory/skysieve.accounts',
      undefined,
      404,
      'API_TOPIC_UNKNOWN',
    ],
    [
      'granting Kafka’s own topics',
      'admin',
      'PUT /v1/acls/mallory/__consumer_offsets',
      undefined,
      404,
      'API_TOPIC_UNKNOWN',
    ],
    ['deleting a control topic', 'admin', 'DELETE /v1/topics/skysieve.filters', undefined, 404, 'API_TOPIC_UNKNOWN'],
    [
      'a topic with a name of the system’s',
      'admin',
      'POST /v1/topics',
      { name: 'skysieve.evil' },
      422,
      'API_NAME_RESERVED',
    ],
    [
      'an account with a name of the system’s',
      'admin',
      'POST /v1/accounts',
      { name: 'skysieve-worker-node1' },
      422,
      'API_NAME_RESERVED',
    ],
    [
      'a Kafka user with somebody else’s name',
      'mallory',
      'POST /v1/accounts/mallory/logins',
      { label: 'x'.repeat(30) },
      400,
      'API_REQUEST_INVALID',
    ],
    [
      'a way up through the path',
      'mallory',
      'GET /v1/filters/..%2f..%2fv1%2faccounts',
      undefined,
      400,
      'API_REQUEST_INVALID',
    ],
    ['a doubled slash', 'mallory', 'GET //v1/accounts', undefined, 404, 'API_ROUTE_UNKNOWN'],
    ['a route in capitals', 'mallory', 'GET /V1/ACCOUNTS', undefined, 404, 'API_ROUTE_UNKNOWN'],
    [
      'a file of the server’s',
      'mallory',
      'GET /v1/docs/..%2f..%2f..%2fetc%2fpasswd',
      undefined,
      404,
      'API_ROUTE_UNKNOWN',
    ],
    ['a zero byte in the path', 'mallory', 'GET /v1/filters/a%00b', undefined, 400, 'API_REQUEST_INVALID'],
    ['a body of 3 MB', 'mallory', 'POST /v1/filters', BIG, 413, 'API_BODY_TOO_LARGE'],
    ['a body that is no JSON', 'mallory', 'POST /v1/filters', '{"name":', 400, 'API_REQUEST_INVALID'],
    [
      'a body that reaches for the prototype',
      'mallory',
      'POST /v1/filters',
      '{"__proto__":{"isAdmin":true}}',
      400,
      'API_REQUEST_INVALID',
    ],
    [
      'a line break in a name that becomes a header',
      'admin',
      'POST /v1/accounts',
      { name: 'eve\r\nx-evil: 1' },
      400,
      'API_REQUEST_INVALID',
    ],
  ]
  test.each(table)('%s is refused', async (_what, who, act, body, status, code) => {
    const [method = '', path = ''] = act.split(' ')
    const token = who === 'admin' ? instance.adminToken : who === 'nobody' ? undefined : (tokens[who] ?? who)
    const answer = await call(
      method,
      path.replace(/\{(\w+)\}/g, (_, name: string) => hers[name] ?? ''),
      token,
      body,
    )
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|at \w+ \(/)
  })

  // Acts on something of alice's, and on what does not exist: the same answer.
  const secrets: readonly (readonly [what: string, kind: string, act: string, body: unknown])[] = [
    ['another’s filter', 'filter', 'GET /v1/filters/{}', undefined],
    ['another’s counts', 'filter', 'GET /v1/filters/{}/visits/2026112100001', undefined],
    ['pausing another’s filter', 'filter', 'PATCH /v1/filters/{}', { state: 'paused' }],
    ['deleting another’s filter', 'filter', 'DELETE /v1/filters/{}', undefined],
    [
      'a version of another’s filter',
      'filter',
      'POST /v1/filters/{}/versions',
      { language: 'javascript', source: SOURCE },
    ],
    ['another’s topic', 'topic', 'GET /v1/topics/{}', undefined],
    ['a Kafka user for another’s topic', 'topic', 'POST /v1/topics/{}/credentials', {}],
    ['the Kafka users of another’s topic', 'topic', 'GET /v1/topics/{}/credentials', undefined],
    ['taking away another’s Kafka user', 'credential', `DELETE /v1/topics/${STREAM}/credentials/{}`, undefined],
    ['another’s tokens', 'account', 'GET /v1/accounts/{}/tokens', undefined],
    ['a token for another', 'account', 'POST /v1/accounts/{}/tokens', { label: 'x' }],
    ['revoking another’s token', 'token', 'DELETE /v1/accounts/mallory/tokens/{}', undefined],
    ['another’s hub users', 'account', 'GET /v1/accounts/{}/logins', undefined],
    ['a hub user for another', 'account', 'POST /v1/accounts/{}/logins', { label: 'x' }],
    ['a new password for another’s hub user', 'login', 'POST /v1/accounts/mallory/logins/{}/password', undefined],
    ['taking away another’s hub user', 'login', 'DELETE /v1/accounts/mallory/logins/{}', undefined],
  ]
  /** A name of the same form that nobody has. */
  const nothing = (name: string): string => `${name.slice(0, -2)}${name.endsWith('zz') ? 'yy' : 'zz'}`
  test.each(secrets)('%s is refused as what is not there', async (_what, kind, act, body) => {
    const [method = '', path = ''] = act.split(' ')
    const said = async (name: string): Promise<string> => {
      const { status, body: problem } = await call(method, path.replace('{}', name), tokens['mallory'], body)
      expect(status).toBe(404)
      const { requestId: _id, ...rest } = problem
      return JSON.stringify(rest).replaceAll(name, 'NAME')
    }
    expect(await said(hers[kind] ?? '')).toBe(await said(nothing(hers[kind] ?? '')))
  })

  test('a request in a request, and one that says it was passed on, get nothing more', async () => {
    const { port } = new URL(url)
    const raw = async (request: string): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(request)
      return text(socket.setTimeout(3000, () => socket.destroy()))
    }
    const smuggled =
      'POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
    expect(await raw(smuggled)).toMatch(/^HTTP\/1\.1 400/)
    const injected = 'GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\ry: z\r\nconnection: close\r\n\r\n'
    expect(await raw(injected)).toMatch(/^HTTP\/1\.1 400/)
    const passedOn = await fetch(`${url}/v1/accounts`, {
      method: 'POST',
      headers: {
        'x-skysieve-forwarded': '1',
        authorization: `Bearer ${tokens['mallory']}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ name: 'eve' }),
    })
    expect(passedOn.status).toBe(403)
  })
})

describe('on the brokers', () => {
  const stock = (sasl: SASLOptions | undefined): Kafka =>
    new Kafka({
      brokers: [kafka.hub.bootstrap],
      ...(sasl ? { sasl } : {}),
      retry: { retries: 0 },
      requestTimeout: 5000,
      logLevel: logLevel.NOTHING,
    })
  const connecting = async (sasl: SASLOptions | undefined): Promise<void> => {
    const admin = stock(sasl).admin()
    try {
      await admin.connect()
      await admin.listTopics()
    } finally {
      await admin.disconnect()
    }
  }
  const scram = (username: string, password: string): SASLOptions => ({
    mechanism: 'scram-sha-512',
    username,
    password,
  })
  const read = async (topic: string, groupId: string): Promise<void> => {
    const consumer = openKafka(mallory, 'test', { retry: { retries: 0 } }).consumer({ groupId, retry: { retries: 0 } })
    const crash = Promise.withResolvers<void>()
    consumer.on('consumer.crash', ({ payload }) => crash.reject(payload.error))
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({ eachMessage: async () => crash.resolve() })
      await crash.promise
    } finally {
      await consumer.disconnect()
    }
  }
  const write = async (topic: string, transactionalId?: string): Promise<void> => {
    const producer = await openProducer(mallory, { clientId: 'test', ...(transactionalId ? { transactionalId } : {}) })
    try {
      await producer.send([{ topic, value: 'forged' }])
    } finally {
      await producer.close()
    }
  }
  const administer = async (act: (admin: ReturnType<typeof openAdmin>) => Promise<unknown>): Promise<void> => {
    const admin = openAdmin(mallory)
    try {
      await act(admin)
    } finally {
      await admin.close()
    }
  }
  const REFUSED = /authoriz|authentication|find group coordinator|sasl|closed/i
  const me = { user: 'mallory', resource: 'topic', name: '*', operations: ['all'] } as const
  const table: readonly (readonly [what: string, act: () => Promise<void>])[] = [
    ['coming without a password', () => connecting(undefined)],
    ['the broker’s own user', () => connecting({ mechanism: 'plain', username: 'kraft', password: 'kraft' })],
    ['the administrator with a guessed password', () => connecting(scram('skysieve-admin', 'admin'))],
    ['the full stream without its scope', () => read(STREAM, 'mallory')],
    ['another’s deliveries', () => read(hers['topic'] ?? '', 'mallory')],
    ['the accounts', () => read('skysieve.accounts', 'mallory')],
    ['the schemas’ topic', () => read('_schemas', 'mallory')],
    ['everybody’s offsets', () => read('__consumer_offsets', 'mallory')],
    ['another’s group', () => read(STREAM, 'alice')],
    ['a group whose name only begins like one’s own', () => read(STREAM, 'mallory2')],
    ['writing alerts', () => write(STREAM)],
    ['writing deliveries', () => write(hers['topic'] ?? '')],
    ['writing into the audit', () => write('skysieve.audit')],
    ['the platform’s transactional id', () => write(STREAM, 'skysieve-api.writer')],
    [
      'making a topic',
      () => administer(admin => admin.createTopics([{ name: `evil.${randomBytes(3).toString('hex')}` }])),
    ],
    ['deleting a topic', () => administer(admin => admin.deleteTopics([STREAM]))],
    ['making a user', () => administer(admin => admin.upsertUser('eve', 'password'))],
    ['giving oneself rights', () => administer(admin => admin.grant([me]))],
    ['looking at rights', () => administer(admin => admin.listGrants())],
    ['lifting one’s own quota', () => administer(admin => admin.setQuota('mallory', { consumerBytesPerSecond: null }))],
  ]
  test.each(table)('%s is refused', async (_what, act) => {
    await expect(act()).rejects.toThrow(REFUSED)
  })

  test('a topic of another’s and one that is not there, a wrong password and an unknown user are refused alike', async () => {
    const why = async (act: () => Promise<void>, name: string): Promise<string> =>
      String(await act().catch((error: unknown) => error)).replaceAll(name, 'NAME')
    const topic = hers['topic'] ?? ''
    expect(await why(() => read(topic, 'mallory'), topic)).toBe(await why(() => read('nothing', 'mallory'), 'nothing'))
    const login = (user: string): Promise<string> => why(() => connecting(scram(user, 'wrong')), user)
    expect(await login('alice')).toBe(await login('nobody-at-all'))
  })
})
