import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, type ClusterAdmin, openAdmin, openKafka, openProducer } from '#hub'
import { type Api } from '#api'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const STREAM = 'lsst-alerts-v11'

let instance: TestInstance
let api: Api
let url: string
let admin: ClusterAdmin

const call = (method: string, path: string, body?: unknown, token = instance.adminToken): Promise<Answer> =>
  ask(method, url + path, { token, body })
const name = (stem: string): string => `${stem}${randomBytes(3).toString('hex')}`

const account = async (options: object = {}): Promise<string> => {
  const id = name('broker')
  expect(await call('POST', '/v1/accounts', { name: id, ...options })).toMatchObject({ status: 201 })
  return id
}
const login = async (id: string, label = 'main'): Promise<BrokerAccess> => {
  const { status, body } = await call('POST', `/v1/accounts/${id}/logins`, { label })
  expect([status, body]).toMatchObject([201, { protocol: 'SASL_PLAINTEXT' }])
  return { bootstrap: body.bootstrap, user: body.user, password: body.password }
}
const write = async (access: BrokerAccess, topic: string, value: string): Promise<void> => {
  const producer = await openProducer(access, { clientId: 'test' })
  try {
    await producer.send([{ topic, value }])
  } finally {
    await producer.close()
  }
}

/** Reads with kafkajs; `first` is the first message's text or why there is none, `failed` why the reading ended later. */
async function reading(access: BrokerAccess, topic: string, groupId = access.user) {
  const client = openKafka(access, 'test', { retry: { retries: 1, initialRetryTime: 50 } })
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 50, retry: { retries: 0 } })
  const first = Promise.withResolvers<string>()
  const failed = Promise.withResolvers<Error>()
  consumer.on('consumer.crash', ({ payload }) => {
    first.reject(payload.error)
    failed.resolve(payload.error)
  })
  first.promise.catch(() => undefined)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => first.resolve(String(message.value)) })
  return { first: first.promise, failed: failed.promise, close: () => consumer.disconnect() }
}
const readOnce = async (access: BrokerAccess, topic: string, groupId?: string): Promise<string> => {
  const run = await reading(access, topic, groupId)
  try {
    return await run.first
  } finally {
    await run.close()
  }
}

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  admin = openAdmin(kafka.hub)
  await admin.createTopics([{ name: STREAM }])
  await write(kafka.hub, STREAM, 'packet')
  api = await instance.open()
  ;({ url } = api)
})
afterAll(async () => {
  await admin?.close()
  await instance?.close()
})

test('a full-stream account has several Kafka users, each with the account’s groups and its own, and nobody else’s', async () => {
  const id = await account({ scopes: ['stream:full'] })
  const main = await login(id)
  const second = await login(id, 'second')
  expect([main.user, second.user]).toEqual([id, `${id}-second`])
  expect(await readOnce(main, STREAM)).toBe('packet')
  expect(await readOnce(second, STREAM, `${id}.shared`)).toBe('packet')
  expect(await readOnce(second, STREAM, `${id}-second.own`)).toBe('packet')
  await expect(readOnce(main, STREAM, 'another')).rejects.toThrow(/authoriz|coordinator/i)
  await expect(readOnce(main, 'skysieve.accounts')).rejects.toThrow(/authoriz/i)
  await expect(write(main, STREAM, 'forged')).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
  const operations = (await admin.listGrants(id)).find(({ resource }) => resource === 'topic')
  expect(operations?.operations.toSorted()).toEqual(['describe', 'describe-configs', 'read'])
})

test('an account’s Kafka users share its quota, and whoever stays gets the share of who goes', async () => {
  const id = await account({
    scopes: ['stream:full'],
    limits: { kafkaBytesPerSecond: 9_000_000, kafkaRequestPercent: 90 },
  })
  const { user } = await login(id)
  await expect.poll(() => admin.quotaOf(user)).toMatchObject({ consumerBytesPerSecond: 9_000_000, requestPercent: 90 })
  const other = await login(id, 'other')
  for (const one of [user, other.user])
    await expect.poll(() => admin.quotaOf(one)).toMatchObject({ consumerBytesPerSecond: 4_500_000, requestPercent: 45 })
  await call('DELETE', `/v1/accounts/${id}/logins/${other.user}`)
  await expect.poll(() => admin.quotaOf(user)).toMatchObject({ consumerBytesPerSecond: 9_000_000 })
  await expect.poll(() => admin.quotaOf(other.user)).toEqual({})
})

test('a revoked Kafka user’s open session reads nothing more, and its password is refused', async () => {
  const id = await account({ scopes: ['stream:full'] })
  const access = await login(id)
  const run = await reading(access, STREAM)
  expect(await run.first).toBe('packet')
  expect((await call('DELETE', `/v1/accounts/${id}/logins/${access.user}`)).status).toBe(204)
  expect((await run.failed).message).toMatch(/authoriz|not the coordinator|coordinator/i)
  await run.close()
  await expect(readOnce(access, STREAM)).rejects.toThrow(/authentication/i)
  expect(await admin.listUsers()).not.toContain(access.user)
})

test('a Kafka user that gets a new password is refused with the old one', async () => {
  const id = await account({ scopes: ['stream:full'] })
  const access = await login(id)
  const { status, body } = await call('POST', `/v1/accounts/${id}/logins/${access.user}/password`)
  expect(status).toBe(200)
  expect(await readOnce({ ...access, password: body.password }, STREAM)).toBe('packet')
  await expect(readOnce(access, STREAM)).rejects.toThrow(/authentication/i)
})

test('a topic is made for its owner, granted to a reader, taken back, and deleted with every right on it', async () => {
  const owner = await account()
  const reader = await account()
  const [writes, reads] = [await login(owner), await login(reader)]
  const topic = name('followup.')
  const made = await call('POST', '/v1/topics', { name: topic, owners: [owner], partitions: 3, retentionBytes: 5000 })
  expect([made.status, made.body]).toMatchObject([201, { partitions: 3, retentionBytes: 5000 }])
  await write(writes, topic, 'mine')
  await expect(readOnce(reads, topic)).rejects.toThrow(/authoriz/i)
  expect((await call('PUT', `/v1/acls/${reader}/${topic}`)).status).toBe(204)
  expect(await readOnce(reads, topic)).toBe('mine')
  expect((await call('GET', `/v1/acls?account=${reader}`)).body.items).toMatchObject([{ topic, from: 'grant' }])
  expect((await call('GET', `/v1/topics/${topic}`)).body).toMatchObject({
    kind: 'topic',
    owners: [owner],
    settings: { retentionBytes: 5000, bytes: expect.any(Number) },
  })
  expect((await call('DELETE', `/v1/acls/${reader}/${topic}`)).status).toBe(204)
  await expect(readOnce(reads, topic)).rejects.toThrow(/authoriz/i)
  expect((await call('DELETE', `/v1/topics/${topic}`)).status).toBe(204)
  expect(await admin.listTopics()).not.toContain(topic)
  expect(JSON.stringify(await admin.listGrants(owner))).not.toContain(topic)
})

test('a producer writes alerts and an operator does everything; neither has a quota unless it is given one', async () => {
  const producer = await login(await account({ role: 'producer' }))
  await write(producer, STREAM, 'from a producer')
  await expect(write(producer, 'skysieve.accounts', 'x')).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
  const operator = await login(await account({ role: 'operator' }))
  const asOperator = openAdmin(operator)
  const topic = name('operator.')
  await asOperator.createTopics([{ name: topic }])
  await asOperator.deleteTopics([topic])
  await asOperator.close()
  expect(await admin.quotaOf(operator.user)).toEqual({})
})

test('a deleted account’s tokens and Kafka users are gone; one that has filters or topics stays', async () => {
  const id = await account({ scopes: ['stream:full', 'filters:read'] })
  const { body } = await call('POST', `/v1/accounts/${id}/tokens`, { label: 'x' })
  const access = await login(id)
  const topic = name('kept.')
  await call('POST', '/v1/topics', { name: topic, owners: [id] })
  expect(await call('DELETE', `/v1/accounts/${id}`)).toMatchObject({ status: 409 })
  await call('DELETE', `/v1/topics/${topic}`)
  expect(await call('DELETE', `/v1/accounts/${id}`)).toMatchObject({ status: 204 })
  expect(await call('GET', '/v1/me', undefined, body.token)).toMatchObject({ status: 401 })
  expect(await admin.listUsers()).not.toContain(access.user)
  expect(await call('GET', `/v1/accounts/${id}/tokens`)).toMatchObject({ status: 404 })
})

test('what was done and refused is in the audit with who, when and from where, and no secret is', async () => {
  const id = await account({ scopes: ['stream:full'] })
  const { password } = await login(id)
  const { body: made } = await call('POST', `/v1/accounts/${id}/tokens`, { label: 'audited' })
  await call('GET', '/v1/accounts', undefined, made.token)
  await expect
    .poll(async () => {
      const { body } = await call('GET', '/v1/audit?limit=1000')
      return body.items.filter((item: { account: string }) => item.account === id)
    })
    .toMatchObject([{ action: 'GET /v1/accounts', outcome: 'refused', code: 'API_SCOPE_MISSING', token: made.id }])
  const { body } = await call('GET', '/v1/audit?limit=1000')
  const text = JSON.stringify(body)
  for (const secret of [password, made.token, instance.adminToken]) expect(text).not.toContain(secret)
  const acts = body.items.filter((item: { target: { account?: string } }) => item.target.account === id)
  expect(acts).toMatchObject([
    { phase: 'begun', account: 'admin', action: 'POST /v1/accounts/:account/logins', from: '127.0.0.1' },
    { phase: 'ended', outcome: 'done', made: `/v1/accounts/${id}/logins/${id}` },
    { phase: 'begun', action: 'POST /v1/accounts/:account/tokens' },
    { phase: 'ended', outcome: 'done', status: 201 },
  ])
})

test('whatever a killed instance left half done is finished by the next one that leads', async () => {
  const id = await account({ scopes: ['stream:full'] })
  const access = await login(id)
  const gone = await account({ scopes: ['stream:full'] })
  const left = await login(gone)
  const records = new Map<string, object>()
  const topic = name('half.')
  const createdAt = new Date().toISOString()
  const topicRecord = { kind: 'topic', name: topic, owners: [id], partitions: 2, retentionMs: 3_600_000 }
  records.set(`topic/${topic}`, {
    ...topicRecord,
    retentionBytes: -1,
    maxMessageBytes: 1000,
    state: 'making',
    createdAt,
  })
  const accountRecord = {
    kind: 'account',
    id: gone,
    scopes: ['stream:full'],
    limits: { filters: 1, requestsPerMinute: 1 },
  }
  records.set(`account/${gone}`, { ...accountRecord, state: 'leaving', createdAt })
  // A user of whom only the record was written: its password was never told to anyone.
  await admin.revokeAll(access.user)
  await admin.deleteUser(access.user)
  const producer = await openProducer(kafka.hub, { clientId: 'test' })
  for (const [key, value] of records)
    await producer.send([{ topic: 'skysieve.accounts', key, value: JSON.stringify(value) }])
  await producer.close()
  await api.close()
  await instance.open()
  await expect.poll(() => admin.listTopics(), { timeout: 60_000, interval: 200 }).toContain(topic)
  await expect.poll(() => admin.listUsers(), { timeout: 60_000, interval: 200 }).not.toContain(left.user)
  await expect.poll(() => admin.listUsers(), { timeout: 60_000, interval: 200 }).toContain(access.user)
  expect(await readOnce(access, STREAM)).toBe('packet')
}, 120_000)
