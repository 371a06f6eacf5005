// Two nodes, one of which lies: what its worker's user tries to write for the other is refused by the hub, and what it writes under the other's names changes
// nothing. And a node from before each had a topic for its reports goes on, and then has one.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Api, type JoinAnswer } from '#api'
import { type ClusterAdmin, openAdmin, openProducer } from '#hub'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { joinRequest, letApiIn, newestOf, newNodeKey, nodeCalls, until } from './joining-node.fixture.ts'
import { ofFilter, ofShard } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const run = randomBytes(3).toString('hex')
const [LIAR, VICTIM] = [`liar${run}`, `victim${run}`]
const SHARED = 'skysieve.status'
const topicOf = (node: string): string => `${SHARED}.${node}`
const SOURCE = 'export const filter = alert => alert.diaSource.psfFlux > 0'
const REFUSED = { code: 'HUB_NOT_AUTHORIZED' }

type Message = readonly [key: string, value: object | null]

let instance: TestInstance
let api: Api
let hub: ClusterAdmin
let liar: JoinAnswer
let victim: JoinAnswer
let filter: string

const { call, add, joinWith } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const node = async (name: string) => (await call('GET', `/nodes/${name}`)).body
const join = async (name: string): Promise<JoinAnswer> => {
  const { status, body } = await joinWith(await joinRequest(await add({ name }), await newNodeKey(), kafka.node))
  expect(status).toBe(200)
  return body
}

/** Writes as the worker's user of a node. */
const report = async ({ hubUsers: { worker } }: JoinAnswer, topic: string, ...messages: Message[]): Promise<void> => {
  const access = { bootstrap: kafka.hub.bootstrap, ...worker }
  const producer = await openProducer(access, { clientId: 'forged-reports-test' })
  try {
    await producer.send(
      messages.map(([key, value]) => ({ topic, key, value: value === null ? null : JSON.stringify(value) })),
    )
  } finally {
    await producer.close()
  }
}
const shard = (name: string, over: object = {}): Message => [`node/${name}/0`, { ...ofShard(name), ...over }]

beforeAll(async () => {
  instance = await openTestInstance(kafka, { withoutNode: true })
  await instance.startRedis()
  hub = openAdmin(kafka.hub)
  api = await instance.open()
  liar = await join(LIAR)
  victim = await join(VICTIM)
  await letApiIn(kafka.node, victim.apiUser)
  await until(
    () => call('GET', `/nodes/${VICTIM}`),
    ({ body }) => body.reached === true,
  )
  await report(victim, topicOf(VICTIM), shard(VICTIM, { filters: 1 }))
  const { body } = await until(
    () => call('POST', '/filters', { name: 'theirs', language: 'javascript', source: SOURCE }),
    ({ status }) => status !== 503,
  )
  filter = body.id
  await until(
    () => call('GET', `/filters/${filter}`),
    ({ body }) => body.placement?.mirror === VICTIM,
  )
  await report(victim, topicOf(VICTIM), [filter, ofFilter(filter, VICTIM)])
  await until(
    () => call('GET', `/filters/${filter}`),
    ({ body }) => body.stage === 'live',
  )
})
afterAll(async () => {
  await hub?.close()
  await instance?.close()
})

test('a node is told of a topic for its reports that is there, and that its own user alone may write', async () => {
  expect([liar.statusTopic, victim.statusTopic]).toEqual([topicOf(LIAR), topicOf(VICTIM)])
  expect((await hub.describeTopic(topicOf(VICTIM)))?.configs['cleanup.policy']).toBe('compact')
  expect(
    (await hub.listGrants(`skysieve-worker-${LIAR}`)).filter(({ name }) => name?.startsWith(SHARED)),
  ).toMatchObject([{ name: topicOf(LIAR), match: 'literal', operations: ['write'] }])
})

test('the hub refuses what one node writes for another, or where nodes of former versions report', async () => {
  const forged = ofFilter(filter, VICTIM, { state: 'suspended', reason: 'forged' })
  for (const topic of [topicOf(VICTIM), SHARED])
    for (const message of [shard(VICTIM), [filter, forged], [filter, null]] satisfies Message[])
      await expect(report(liar, topic, message)).rejects.toMatchObject(REFUSED)
})

test('what a node writes in its own topic under the names of another, or of its filters, changes nothing', async () => {
  const before = await node(VICTIM)
  await report(
    liar,
    topicOf(LIAR),
    shard(VICTIM, { filters: 77 }),
    [filter, ofFilter(filter, VICTIM, { state: 'suspended', reason: 'forged' })],
    [filter, ofFilter(filter, LIAR, { state: 'suspended', reason: 'forged' })],
    [filter, null],
    shard(LIAR, { filters: 3 }),
  )
  await until(
    () => call('GET', `/nodes/${LIAR}`),
    ({ body }) => body.filters === 3,
  )
  expect(await node(VICTIM)).toEqual(before)
  expect((await call('GET', `/filters/${filter}`)).body).toMatchObject({ stage: 'live', status: { mirror: VICTIM } })
})

test('after a restart of the API all of that is as it was', async () => {
  await api.close()
  api = await instance.open()
  expect(await node(VICTIM)).toMatchObject({ filters: 1, silent: false })
  expect(await node(LIAR)).toMatchObject({ filters: 3 })
  expect((await call('GET', `/filters/${filter}`)).body).toMatchObject({ stage: 'live', status: { mirror: VICTIM } })
})

test('a node of a former version goes on where it reported, and may no more once it reports in a topic of its own', async () => {
  const record = JSON.parse((await newestOf(kafka.hub, `node/${VICTIM}`)) ?? '')
  expect(record.reportsAlone).toBe(true)
  const { reportsAlone: _absent, ...former } = record
  await api.close()
  await hub.deleteTopics([topicOf(VICTIM)])
  const asWriter = await openProducer(kafka.hub, { clientId: 'forged-reports-test' })
  await asWriter.send([
    { topic: 'skysieve.nodes', key: `node/${VICTIM}`, value: JSON.stringify(former) },
    { topic: SHARED, key: filter, value: JSON.stringify(ofFilter(filter, VICTIM, { generation: 5 })) },
  ])
  await asWriter.close()
  api = await instance.open()
  await expect
    .poll(
      () =>
        report(victim, SHARED, shard(VICTIM, { filters: 2 })).then(
          () => true,
          () => false,
        ),
      { timeout: 60_000 },
    )
    .toBe(true)
  await until(
    () => call('GET', `/nodes/${VICTIM}`),
    ({ body }) => body.filters === 2,
  )
  expect((await call('GET', `/filters/${filter}`)).body).toMatchObject({ status: { generation: 5 } })

  await report(victim, topicOf(VICTIM), [filter, ofFilter(filter, VICTIM)], shard(VICTIM, { filters: 4 }))
  await until(
    () => call('GET', `/nodes/${VICTIM}`),
    ({ body }) => body.filters === 4,
  )
  await expect
    .poll(() => report(victim, SHARED, shard(VICTIM)).catch((error: unknown) => error), { timeout: 90_000 })
    .toMatchObject(REFUSED)
  await expect
    .poll(
      async () => [await newestOf(kafka.hub, filter, SHARED), await newestOf(kafka.hub, `node/${VICTIM}/0`, SHARED)],
      {
        timeout: 60_000,
      },
    )
    .toEqual([null, null])
  expect(await node(VICTIM)).toMatchObject({ filters: 4, silent: false })
})

test('the topic goes with the node', async () => {
  expect((await call('DELETE', `/nodes/${LIAR}`)).status).toBe(204)
  expect(await hub.listTopics()).not.toContain(topicOf(LIAR))
})
