// A node whose Kafka is somebody else's, where the API may make no users: it is reached by the user that it was given, and credentials are refused.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Api, apiAcls, type JoinRequest } from '#api'
import { type BrokerAccess, openAdmin } from '#hub'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { joinRequest, newestOf, newNodeKey, nodeCalls, type NodeKey, until } from './joining-node.fixture.ts'
import { reportingNodes } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const random = randomBytes(3).toString('hex')
const NODE = `guest${random}`
const given = { user: `guest-api-${random}`, password: randomBytes(12).toString('hex') }

let instance: TestInstance
let api: Api
let key: NodeKey
let token: string
let reporting: Awaited<ReturnType<typeof reportingNodes>>
let theirs: BrokerAccess

const { call, add, joinWith } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const request = async (over: Partial<JoinRequest['kafka']> = {}): Promise<JoinRequest> => ({
  ...(await joinRequest(token, key, theirs)),
  kafka: { bootstrap: theirs.bootstrap, apiUser: given, makesUsers: false, ...over },
})

beforeAll(async () => {
  theirs = kafka.node
  instance = await openTestInstance(kafka, { withoutNode: true })
  await instance.startRedis()
  api = await instance.open()
  key = await newNodeKey()
  // What its operator has prepared: a user that looks, and no administrator.
  const admin = openAdmin(theirs)
  await admin.upsertUser(given.user, given.password)
  const looks = apiAcls(given.user).node.filter(({ resource }) => resource !== 'cluster')
  await admin.grant([...looks, { user: given.user, resource: 'cluster', operations: ['describe'] }])
  await admin.close()
  token = await add({ name: NODE })
})
afterAll(async () => {
  await reporting?.close()
  await instance?.close()
  const admin = openAdmin(theirs)
  await admin.revokeAll(given.user)
  await admin.deleteUser(given.user)
  await admin.close()
})

test('it joins without a certificate or a disk for topics, and is reached by the user that it named', async () => {
  const small = await request()
  const { status, body } = await joinWith({ ...small, facts: { ...small.facts, diskFreeBytes: 1 } })
  expect([status, body]).toMatchObject([200, { name: NODE, apiUser: given }])
  expect(body.certificate).toBeUndefined()
  await until(
    () => call('GET', `/nodes/${NODE}`),
    ({ body }) => body.reached === true,
  )
  const record = await newestOf(kafka.hub, `node/${NODE}`)
  expect(JSON.parse(record ?? '')).toMatchObject({ usersAreGiven: true, bootstrap: theirs.bootstrap })
  expect(record).not.toContain(given.password)
})

test('a user for a topic there is refused before anything is made, and says whom to ask', async () => {
  reporting = await reportingNodes(kafka.hub, [NODE])
  const source = 'export const filter = alert => alert.diaSource.psfFlux > 1'
  const submitted = await until(
    () => call('POST', '/filters', { name: `given-${random}`, language: 'javascript', source }),
    ({ status }) => status === 201,
  )
  const placed = await until(
    () => call('GET', `/filters/${submitted.body.id}`),
    ({ body }) => body.placement?.mirror === NODE,
  )
  const { status, body } = await call('POST', `/topics/${placed.body.topic}/credentials`, {})
  expect([status, body]).toMatchObject([
    409,
    { code: 'API_USERS_ELSEWHERE', detail: expect.stringContaining(theirs.bootstrap) },
  ])
  expect((await call('GET', `/topics/${placed.body.topic}/credentials`)).body.items).toEqual([])
})

test('a given user that has changed is learned with the next join, and the node is reached anew', async () => {
  const { status } = await joinWith(await request({ apiUser: { ...given, password: 'another-password' } }))
  expect(status).toBe(200)
  const unreached = await until(
    () => call('GET', `/nodes/${NODE}`),
    ({ body }) => body.why !== undefined,
  )
  expect(unreached.body.reached).toBe(false)
  expect(unreached.body.why).not.toContain('another-password')
  expect((await joinWith(await request())).status).toBe(200)
  await until(
    () => call('GET', `/nodes/${NODE}`),
    ({ body }) => body.reached === true,
  )
})

test('what is no Kafka to be reached is refused', async () => {
  for (const bootstrap of ['nowhere', 'a b:1', 'host:port', ''])
    expect((await joinWith(await request({ bootstrap }))).body.code).toBe('API_REQUEST_INVALID')
})
