// One login for one subscriber: it reads every topic its account may read, on the hub and on the nodes, and no other.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, openAdmin, openKafka, openProducer, type Producer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const SOURCE = 'export const filter = alert => alert.diaSource.psfFlux > 0'

let instance: TestInstance
let url: string
let node: Producer
let status: Producer
const filters: string[] = []

const call = (method: string, path: string, token: string, body?: unknown): Promise<Answer> =>
  ask(method, url + path, { token, body })

/** One client over several topics, as a subscriber has it; resolves with what came. */
const readAll = async (
  access: BrokerAccess,
  groupId: string,
  topics: readonly string[],
  count: number,
): Promise<string[]> => {
  const consumer = openKafka(access, `${access.user}-test`, { retry: { retries: 1 } }).consumer({
    groupId,
    retry: { retries: 1 },
  })
  const came: string[] = []
  const done = Promise.withResolvers<void>()
  consumer.on(consumer.events.CRASH, ({ payload }) => done.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ topic, message }) => {
        came.push(`${topic} ${String(message.value)}`)
        if (came.length === count) done.resolve()
      },
    })
    await done.promise
    return came.toSorted()
  } finally {
    await consumer.disconnect().catch(() => undefined)
  }
}

const filterOf = async (token: string, name: string): Promise<string> => {
  const made = await call('POST', '/v1/filters', token, { name, language: 'javascript', source: SOURCE })
  expect(made.status).toBe(201)
  const { id } = made.body as { id: string }
  for (;;) {
    const { body } = await call('GET', `/v1/filters/${id}`, instance.adminToken)
    if (body.placement !== undefined && body.placement !== null) return id
    await sleep(50)
  }
}

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  ;({ url } = await instance.open())
  node = await openProducer(kafka.node, { clientId: 'test-logins' })
  status = await openProducer(kafka.hub, { clientId: 'test-logins' })
  const report = { mirror: 'node1', shard: 0, shards: 1, filters: 0, lagAlerts: 0, updatedAt: new Date().toISOString() }
  await status.send([{ topic: 'skysieve.status', key: 'node/node1/0', value: JSON.stringify(report) }])
  for (;;) {
    if ((await call('GET', '/v1/nodes/node1', instance.adminToken)).body.silent === false) break
    await sleep(50)
  }
})
afterAll(async () => {
  await Promise.all([node?.close(), status?.close()])
  await instance?.close()
})

test('it reads two filters of its account with one client, and a filter that comes later too', async () => {
  for (const name of ['anna', 'otto']) await call('POST', '/v1/accounts', instance.adminToken, { name })
  const token = async (account: string): Promise<string> =>
    (await call('POST', `/v1/accounts/${account}/tokens`, instance.adminToken, { label: 'test' })).body.token
  const [anna, otto] = [await token('anna'), await token('otto')]
  filters.push(await filterOf(anna, 'one'), await filterOf(otto, 'foreign'))
  const login = await call('POST', '/v1/accounts/anna/logins', anna, { label: 'main' })
  expect(login.status).toBe(201)
  expect(login.body.nodes).toEqual([
    { mirror: 'node1', bootstrap: kafka.node.bootstrap, topics: [`filter.${filters[0]}`] },
  ])
  filters.push(await filterOf(anna, 'two'))
  const topics = filters.map(id => `filter.${id}`)
  const admin = openAdmin(kafka.node)
  await admin.createTopics(topics.map(name => ({ name })))
  await admin.close()
  await node.send(topics.map((topic, at) => ({ topic, value: `packet ${at}` })))
  const access = { bootstrap: kafka.node.bootstrap, user: 'anna', password: login.body.password as string }
  const own = [topics[0]!, topics[2]!]
  await expect
    .poll(() => readAll(access, 'anna', own, 2).catch(() => undefined), { timeout: 45_000 })
    .toEqual([`${own[0]} packet 0`, `${own[1]} packet 2`].toSorted())
  await expect(readAll(access, 'anna.other', [topics[1]!], 1)).rejects.toThrow(/authorized/i)
})

test('a new password counts on hub and nodes, and a login that was taken away is nowhere', async () => {
  const rotated = await call('POST', '/v1/accounts/anna/logins/anna/password', instance.adminToken)
  const access = { bootstrap: kafka.node.bootstrap, user: 'anna', password: rotated.body.password as string }
  expect(await readAll(access, 'anna.again', [`filter.${filters[0]}`], 1)).toHaveLength(1)
  expect((await call('DELETE', '/v1/accounts/anna/logins/anna', instance.adminToken)).status).toBe(204)
  for (const { bootstrap } of [kafka.hub, kafka.node])
    await expect(readAll({ ...access, bootstrap }, 'anna.again', [`filter.${filters[0]}`], 1)).rejects.toThrow(
      /SASL|auth/i,
    )
})

test('an operator may do everything on nodes too', async () => {
  await call('POST', '/v1/accounts', instance.adminToken, { name: 'night-crew', role: 'operator' })
  const login = await call('POST', '/v1/accounts/night-crew/logins', instance.adminToken, { label: 'main' })
  const admin = openAdmin({ ...kafka.node, user: 'night-crew', password: login.body.password })
  expect(await admin.listTopics()).toContain(`filter.${filters[1]}`)
  await admin.close()
})
