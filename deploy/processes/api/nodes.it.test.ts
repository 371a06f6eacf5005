// A node's life as the API sees it, on two real brokers: joined, reached, cordoned, believed, found again after a restart, removed.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Api, type JoinAnswer, type JoinRequest } from '#api'
import { type ClusterAdmin, openAdmin, openProducer } from '#hub'
import { type Answer } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import {
  auditedJoins,
  joinRequest,
  letApiIn,
  newestOf,
  newNodeKey,
  nodeCalls,
  type NodeKey,
  until,
} from './joining-node.fixture.ts'
import { ofFilter, ofShard } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const SOURCE = 'export const filter = alert => alert.diaSource.psfFlux > 0'
const STREAM = 'lsst-alerts-v11'
const USERS = ['skysieve-mm2-node1', 'skysieve-worker-node1']
const STATUS = 'skysieve.status.node1'

let instance: TestInstance
let api: Api
let hub: ClusterAdmin
let key: NodeKey
let token: string
let answered: JoinAnswer

const { call, add, joinWith } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const request = (of = token, by = key): Promise<JoinRequest> => joinRequest(of, by, kafka.node)
const submit = async (name: string): Promise<string> => {
  const { status, body } = await call('POST', '/filters', { name, language: 'javascript', source: SOURCE })
  expect([status, body]).toMatchObject([201, { id: expect.any(String) }])
  return body.id
}
const placed = (id: string): Promise<Answer> =>
  until(
    () => call('GET', `/filters/${id}`),
    ({ body }) => body.placement !== null,
  )
const node = async (name = 'node1'): Promise<Answer['body']> => (await call('GET', `/nodes/${name}`)).body
const report = async (
  messages: readonly (readonly [key: string, value: object | null])[],
  topic = 'skysieve.status',
): Promise<void> => {
  const producer = await openProducer(kafka.hub, { clientId: 'nodes-test' })
  await producer.send(
    messages.map(([key, value]) => ({
      topic,
      key,
      value: value === null ? null : JSON.stringify(value),
    })),
  )
  await producer.close()
}

beforeAll(async () => {
  instance = await openTestInstance(kafka, { withoutNode: true })
  await instance.startRedis()
  hub = openAdmin(kafka.hub)
  await hub.createTopics([{ name: STREAM }])
  api = await instance.open()
  key = await newNodeKey()
  token = await add({ name: 'node1', labels: { rack: 'a7' } })
})
afterAll(async () => {
  await hub?.close()
  await instance?.close()
})

describe('a node that joins', () => {
  test('is told all it needs, and has two users on the hub that may do its work and no more', async () => {
    const joined = await joinWith(await request())
    expect([joined.status, joined.body]).toMatchObject([
      200,
      {
        name: 'node1',
        shards: 1,
        hub: { bootstrap: kafka.hub.bootstrap },
        hubUsers: { mirrorMaker: { user: USERS[0] }, worker: { user: USERS[1] } },
        apiUser: { user: 'skysieve-api' },
        statusTopic: STATUS,
        reached: false,
      },
    ])
    expect(joined.headers.get('cache-control')).toBe('no-store')
    answered = joined.body
    const { mirrorMaker, worker } = answered.hubUsers
    const passwords = [mirrorMaker.password, worker.password, answered.apiUser.password, answered.nodeToken]
    expect(new Set(passwords).size).toBe(4)
    expect(answered.alertTopics).toContainEqual({ name: STREAM, partitions: expect.any(Number) })
    const asWorker = { bootstrap: kafka.hub.bootstrap, ...worker }
    const producer = await openProducer(asWorker, { clientId: 'nodes-test' })
    await producer.send([{ topic: STATUS, key: 'node/node1/0', value: JSON.stringify(ofShard('node1')) }])
    await expect(producer.send([{ topic: STREAM, value: 'forged' }])).rejects.toMatchObject({
      code: 'HUB_NOT_AUTHORIZED',
    })
    await producer.close()
    const asMirrorMaker = openAdmin({ bootstrap: kafka.hub.bootstrap, ...mirrorMaker })
    expect(await asMirrorMaker.listTopics()).toContain(STREAM)
    expect(await asMirrorMaker.listTopics()).not.toContain('skysieve.nodes')
    await asMirrorMaker.close()
  })
  test('with the same key is told the same again, and with another key is refused, which is written down', async () => {
    const again = await joinWith({ ...(await request()), shards: 4 })
    expect([again.status, again.body]).toEqual([200, { ...answered, why: again.body.why }])
    const other = await joinWith(await request(token, await newNodeKey()))
    expect(other.body).toMatchObject({
      status: 403,
      code: 'API_JOIN_TOKEN_USED',
      detail: expect.stringMatching(/used before, with another key.*skysieve node remove node1/),
    })
    const written = (await auditedJoins(api.url, instance.adminToken)).filter(
      ({ code }) => code === 'API_JOIN_TOKEN_USED',
    )
    expect(written).toMatchObject([{ phase: 'ended', outcome: 'refused', account: null, target: { name: 'node1' } }])
    expect(JSON.stringify(await auditedJoins(api.url, instance.adminToken))).not.toContain(token)
  })
  test('gets no filters before the API has reached its broker, and is told why not', async () => {
    const view = await until(
      () => call('GET', '/nodes/node1'),
      ({ body }) => /authenti/i.test(body.why ?? ''),
    )
    expect(view.body).toMatchObject({ state: 'active', reached: false, bootstrap: kafka.node.bootstrap })
    const id = await submit('early')
    await until(
      () => call('GET', `/filters/${id}`),
      ({ body }) => body.stage === 'placing',
    )
    expect((await call('GET', `/filters/${id}`)).body.placement).toBeNull()
    await letApiIn(kafka.node, answered.apiUser)
    const reached = await until(
      () => call('GET', '/nodes/node1'),
      ({ body }) => body.reached === true,
    )
    expect(reached.body).not.toHaveProperty('why')
    expect((await placed(id)).body).toMatchObject({ placement: { mirror: 'node1' } })
  })
  test('cannot be added once more', async () => {
    expect((await call('POST', '/nodes', { name: 'node1' })).body).toMatchObject({
      status: 409,
      code: 'API_NAME_TAKEN',
      detail: expect.stringMatching(/already is a node “node1”, which has joined.*skysieve node remove node1/),
    })
  })
})

describe('a cordon', () => {
  test('keeps new filters away and those that are there; a filter waits until it is taken away', async () => {
    expect((await call('POST', '/nodes/node1/cordon')).body).toMatchObject({ state: 'cordoned', placed: 1 })
    const id = await submit('waiting')
    await until(
      () => call('GET', `/filters/${id}`),
      ({ body }) => body.stage === 'placing',
    )
    const [{ id: there }] = (await call('GET', '/filters?name=early')).body.items
    expect((await call('POST', `/filters/${there}/move`, { mirror: 'node1' })).body.code).toBe('API_NODE_STATE')
    expect((await call('GET', `/filters/${id}`)).body.placement).toBeNull()
    expect((await call('POST', '/nodes/node1/uncordon')).body).toMatchObject({ state: 'active' })
    expect((await placed(id)).body).toMatchObject({ placement: { mirror: 'node1' } })
  })
  test('is for nodes that there are', async () => {
    for (const act of ['POST /nodes/nowhere/cordon', 'POST /nodes/nowhere/uncordon', 'DELETE /nodes/nowhere']) {
      const [method = '', path = ''] = act.split(' ')
      expect((await call(method, path)).body).toMatchObject({ status: 404, code: 'API_NODE_UNKNOWN' })
    }
  })
})

test('the last node that takes filters is not drained', async () => {
  expect((await call('POST', '/nodes/node1/drain')).body).toMatchObject({
    status: 409,
    code: 'API_NODE_STATE',
    detail: expect.stringMatching(/“node1” is not drained: it is the only one.*skysieve node add/),
  })
  expect(await node()).toMatchObject({ state: 'active', placed: 2 })
})

test('what another node reports of a filter changes nothing', async () => {
  const [{ id }] = (await call('GET', '/filters?name=early')).body.items
  const own = ofFilter(id, 'node1', { lane: 'live.lsst' })
  await report([[id, own]], STATUS)
  await until(
    () => call('GET', `/filters/${id}`),
    ({ body }) => body.stage === 'live',
  )
  const mark = `node/stranger/0`
  await report([
    [id, ofFilter(id, 'node7', { lane: 'live.lsst', state: 'suspended', reason: 'forged' })],
    [id, null],
    [mark, ofShard('stranger')],
  ])
  await until(
    () => call('GET', '/nodes'),
    ({ body }) => JSON.stringify(body).includes('stranger'),
  )
  expect((await call('GET', `/filters/${id}`)).body).toMatchObject({ stage: 'live', status: { mirror: 'node1' } })
  await report([[mark, null]])
})

test('after a restart the node is there, its key is known, and a user that was lost is made again', async () => {
  await hub.revokeAll(USERS[1] ?? '')
  await hub.deleteUser(USERS[1] ?? '')
  await api.close()
  api = await instance.open()
  expect(await node()).toMatchObject({ state: 'active', reached: true, labels: { rack: 'a7' } })
  await expect.poll(() => hub.listUsers(), { timeout: 50_000 }).toContain(USERS[1])
  const again = await until(
    async () => joinWith(await request()),
    ({ status }) => status !== 503,
  )
  expect([again.status, again.body]).toEqual([200, { ...answered, reached: true }])
  const producer = await openProducer(
    { bootstrap: kafka.hub.bootstrap, ...answered.hubUsers.worker },
    { clientId: 'x' },
  )
  await producer.send([{ topic: STATUS, key: 'node/node1/0', value: JSON.stringify(ofShard('node1')) }])
  await producer.close()
})

describe('a node is removed', () => {
  test('not while it has filters: how many, and what to do, is said', async () => {
    const { body } = await call('DELETE', '/nodes/node1')
    expect(body).toMatchObject({ status: 409, code: 'API_NODE_IN_USE' })
    expect(body.detail).toMatch(/has 2 filters.*skysieve node drain node1/)
  })
  test('with its users on the hub, its record and its reports; its token is good no more', async () => {
    const { items } = (await call('GET', '/filters')).body
    for (const { id } of items) expect((await call('DELETE', `/filters/${id}`)).status).toBe(204)
    expect((await call('DELETE', '/nodes/node1')).status).toBe(204)
    const users = await hub.listUsers()
    for (const user of USERS) {
      expect(users).not.toContain(user)
      expect(await hub.listGrants(user)).toEqual([])
    }
    expect((await call('GET', '/nodes')).body.items).toEqual([])
    expect(await newestOf(kafka.hub, 'node/node1')).toBeNull()
    expect(await hub.listTopics()).not.toContain(STATUS)
    const { body } = await joinWith(await request())
    expect(body).toMatchObject({ status: 403, code: 'API_JOIN_TOKEN_UNKNOWN' })
    expect((await call('GET', '/dead-letters?broker=node1')).body.code).toBe('API_DEAD_LETTER_UNKNOWN')
  })
  test('of a former version once it is silent', async () => {
    await report([['node/former/0', ofShard('former')]])
    await until(
      () => call('GET', '/nodes/former'),
      ({ status }) => status === 200,
    )
    expect((await call('DELETE', '/nodes/former')).body.code).toBe('API_NODE_STATE')
    await report([['node/former/0', { ...ofShard('former'), updatedAt: '2026-01-01T00:00:00Z' }]])
    await until(
      () => call('GET', '/nodes/former'),
      ({ body }) => body.silent,
    )
    expect((await call('DELETE', '/nodes/former')).status).toBe(204)
    expect((await call('GET', '/nodes/former')).status).toBe(404)
  })
  test('and may be added anew', async () => {
    expect(await add({ name: 'node1' })).not.toBe(token)
    expect(await node()).toMatchObject({ state: 'expected', labels: {} })
  })
  test('by whoever leads next, where that was cut off', async () => {
    const half = await add({ name: 'half' })
    expect((await joinWith(await request(half, await newNodeKey()))).status).toBe(200)
    expect(await hub.listUsers()).toContain('skysieve-worker-half')
    const record = JSON.parse((await newestOf(kafka.hub, 'node/half')) ?? '')
    await api.close()
    const producer = await openProducer(kafka.hub, { clientId: 'nodes-test' })
    const value = JSON.stringify({ ...record, state: 'removing' })
    await producer.send([{ topic: 'skysieve.nodes', key: 'node/half', value }])
    await producer.close()
    api = await instance.open()
    await until(
      () => call('GET', '/nodes/half'),
      ({ status }) => status === 404,
    )
    expect(await hub.listUsers()).not.toContain('skysieve-worker-half')
  })
})
