// Names, consumer groups and roles on real brokers: what stock clients do by themselves works, for its own account alone.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, type ClusterAdmin, openAdmin, openKafka, openProducer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const STREAM = 'lsst-alerts-v11'
const HUB_LETTERS = 'skysieve.hub-dead-letters'

let instance: TestInstance
let url: string
let admin: ClusterAdmin

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, url + path, { token: instance.adminToken, body })
const fresh = (): string => `g${randomBytes(4).toString('hex')}`
const account = async (name: string, options: object = {}): Promise<Answer> =>
  call('POST', '/v1/accounts', { name, scopes: ['stream:full'], ...options })
const login = async (name: string, label = 'main'): Promise<BrokerAccess & { groupPrefixes: string[] }> => {
  const { status, body } = await call('POST', `/v1/accounts/${name}/logins`, { label })
  expect(status).toBe(201)
  return body
}
/** Reads a topic until there is a message with this value: other test files write to topics of the system too. */
const readOnce = async (access: BrokerAccess, groupId: string, topic = STREAM, wanted = 'packet'): Promise<string> => {
  const client = openKafka(access, 'test', { retry: { retries: 1, initialRetryTime: 50 } })
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 50, retry: { retries: 0 } })
  const first = Promise.withResolvers<string>()
  consumer.on('consumer.crash', ({ payload }) => first.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        const value = String(message.value)
        if (value === wanted) first.resolve(value)
      },
    })
    return await first.promise
  } finally {
    await consumer.disconnect()
  }
}

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  admin = openAdmin(kafka.hub)
  await admin.createTopics([{ name: STREAM }, { name: HUB_LETTERS }, { name: 'lsst-notices' }])
  const producer = await openProducer(kafka.hub, { clientId: 'test' })
  await producer.send([{ topic: STREAM, value: 'packet' }])
  await producer.close()
  ;({ url } = await instance.open())
})
afterAll(async () => {
  await admin?.close()
  await instance?.close()
})

test('groups that stock clients name by themselves are the account’s own, and are told wherever a user is', async () => {
  const name = fresh()
  await account(name)
  const access = await login(name)
  const second = await login(name, 'second')
  expect(access.groupPrefixes).toEqual([`${name}.`, `${name}-`])
  expect(second.groupPrefixes).toEqual([`${name}.`, `${name}-`, `${name}-second.`, `${name}-second-`])
  for (const group of [name, `${name}.a`, `${name}-idfint-testing`, `${name}-${randomBytes(8).toString('hex')}`])
    expect(await readOnce(access, group)).toBe('packet')
  await expect(readOnce(access, `${name}2`)).rejects.toThrow(/authoriz|coordinator/i)
  const made = await call('POST', `/v1/topics/${STREAM}/credentials`, {})
  expect(made.body.groupPrefixes).toEqual([`${made.body.user}.`, `${made.body.user}-`])
  expect((await call('GET', `/v1/topics/${STREAM}`)).body.groupPrefixes).toHaveLength(2)
  const { stdout } = await instance.cli(['user', 'list', name, '--url', url], { token: instance.adminToken })
  expect(stdout).toContain(`${name}-`)
})

test('no account’s name begins with another’s and a dash, whichever comes first, nor with a Kafka user’s', async () => {
  const [short, long] = [fresh(), fresh()]
  expect((await account(short)).status).toBe(201)
  expect(await account(`${short}-two`)).toMatchObject({ status: 409, body: { code: 'API_NAME_TAKEN' } })
  expect((await account(`${short}two`)).status).toBe(201)
  expect((await account(`${long}-two`)).status).toBe(201)
  expect(await account(long)).toMatchObject({ status: 409, body: { code: 'API_NAME_TAKEN' } })
  expect(await account('operator')).toMatchObject({ status: 409, body: { code: 'API_NAME_TAKEN' } })
  const foreign = { user: `${short}-x` }
  expect(await call('POST', `/v1/topics/${STREAM}/credentials`, foreign)).toMatchObject({ status: 409 })
})

test('where an earlier version let two such accounts be, the dash is given to neither over the other', async () => {
  const name = fresh()
  await account(`${name}-two`)
  const inner = await login(`${name}-two`)
  const now = new Date().toISOString()
  const limits = { filters: 1, requestsPerMinute: 100 }
  const record = { kind: 'account', id: name, scopes: ['stream:full'], limits, createdAt: now }
  const producer = await openProducer(kafka.hub, { clientId: 'test' })
  await producer.send([{ topic: 'skysieve.accounts', key: `account/${name}`, value: JSON.stringify(record) }])
  await producer.close()
  await expect.poll(async () => (await call('GET', `/v1/accounts/${name}/logins`)).status).toBe(200)
  const outer = await login(name)
  expect(outer.groupPrefixes).toEqual([`${name}.`])
  expect(await readOnce(inner, `${name}-two.a`)).toBe('packet')
  await expect(readOnce(outer, `${name}-two.a`)).rejects.toThrow(/authoriz|coordinator/i)
})

test('an account with a long name gets Kafka users with names of its own', async () => {
  const name = `${fresh()}-${'n'.repeat(17)}`
  await account(name)
  const { body: token } = await call('POST', `/v1/accounts/${name}/tokens`, { label: 'x' })
  const answer = await fetch(`${url}/v1/topics/${STREAM}/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.token}`, 'content-type': 'application/json' },
    body: '{}',
  })
  const { user } = (await answer.json()) as { user: string }
  expect([answer.status, user.startsWith(`${name}-`)]).toEqual([201, true])
})

test('a monitor sees every topic’s name and settings and every group’s lag, and reads and changes nothing', async () => {
  const name = fresh()
  await account(name, { role: 'monitor', scopes: [] })
  const access = await login(name)
  await admin.setGroupOffsets('somebody.else', STREAM, new Map([[0, 1n]]))
  const monitor = openAdmin(access)
  try {
    expect(await monitor.listTopics()).toContain('skysieve.accounts')
    expect((await monitor.describeTopic(STREAM))?.configs['retention.ms']).toBeDefined()
    expect((await monitor.offsets(STREAM, 'latest')).size).toBeGreaterThan(0)
    expect((await monitor.listGroups()).map(({ id }) => id)).toContain('somebody.else')
    expect(await monitor.groupOffsets('somebody.else', STREAM)).toEqual(new Map([[0, 1n]]))
    await expect(monitor.deleteGroups(['somebody.else'])).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await expect(monitor.createTopics([{ name: `${name}.x` }])).rejects.toThrow(/authoriz/i)
    await expect(monitor.upsertUser(`${name}x`, 'password')).rejects.toThrow(/authoriz/i)
    await expect(monitor.grant([{ user: name, resource: 'topic', name: '*', operations: ['all'] }])).rejects.toThrow(
      /authoriz/i,
    )
  } finally {
    await monitor.close()
  }
  await expect(readOnce(access, name)).rejects.toThrow(/authoriz/i)
  const producer = await openProducer(access, { clientId: 'test' })
  await expect(producer.send([{ topic: STREAM, value: 'forged' }])).rejects.toMatchObject({
    code: 'HUB_NOT_AUTHORIZED',
  })
  await producer.close()
})

test('dead letters and notices answer an administrator, who reads them, and nobody else', async () => {
  const { body } = await call('GET', '/v1/topics?limit=200')
  const names = body.items.map(({ name }: { name: string }) => name)
  expect(names).toEqual(expect.arrayContaining([STREAM, 'lsst-notices', HUB_LETTERS]))
  const producer = await openProducer(kafka.hub, { clientId: 'test' })
  await producer.send([{ topic: HUB_LETTERS, value: 'a letter' }])
  await producer.close()
  expect((await call('GET', `/v1/topics/${HUB_LETTERS}`)).body).toMatchObject({ kind: 'topic', exists: true })
  const made = await call('POST', `/v1/topics/${HUB_LETTERS}/credentials`, {})
  expect(await readOnce(made.body, made.body.user, HUB_LETTERS, 'a letter')).toBe('a letter')
  const name = fresh()
  await account(name)
  const { body: token } = await call('POST', `/v1/accounts/${name}/tokens`, { label: 'x' })
  const other = await fetch(`${url}/v1/topics/${HUB_LETTERS}`, { headers: { authorization: `Bearer ${token.token}` } })
  expect(other.status).toBe(404)
})
