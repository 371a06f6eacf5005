import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type BrokerAccess } from '../broker-access.ts'
import { type ClusterAdmin, openAdmin } from './open-admin.ts'
import { openKafka } from '../consume/kafkajs-client.ts'
import { openProducer } from '../produce/producer.ts'

let admin: ClusterAdmin
let hub: BrokerAccess
const random = (): string => randomBytes(4).toString('hex')
const newName = (): string => `test.admin.${random()}`

beforeAll(() => {
  hub = inject('kafka').hub
  admin = openAdmin(hub)
})
afterAll(() => admin.close())

/** A new user's access. */
const newUser = async (): Promise<BrokerAccess> => {
  const user = `user-${random()}`
  const password = random()
  await admin.upsertUser(user, password)
  return { ...hub, user, password }
}

const writeAs = async (access: BrokerAccess, topic: string): Promise<void> => {
  const producer = await openProducer(access, { clientId: 'test' })
  try {
    await producer.send([{ topic, value: 'x' }])
  } finally {
    await producer.close()
  }
}

const readAs = async (access: BrokerAccess, topic: string, groupId: string): Promise<string> => {
  const consumer = openKafka(access, 'test', { retry: { retries: 2 } }).consumer({
    groupId,
    maxWaitTimeInMs: 50,
    retry: { retries: 0 },
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
    await consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
    return await promise
  } finally {
    await consumer.disconnect()
  }
}

describe('topics', () => {
  test('are made once, however often they are asked for', async () => {
    const topic = {
      name: newName(),
      partitions: 3,
      configs: { 'cleanup.policy': 'compact', 'max.message.bytes': 10_485_760 },
    }
    await admin.createTopics([topic])
    await admin.createTopics([topic])
    const described = await admin.describeTopic(topic.name)
    expect(described).toMatchObject({
      partitions: 3,
      configs: { 'cleanup.policy': 'compact', 'max.message.bytes': '10485760' },
    })
    expect(await admin.listTopics()).toContain(topic.name)
  })

  test('take over a changed setting and keep the others', async () => {
    const name = newName()
    await admin.createTopics([{ name, configs: { 'retention.ms': 1_000_000, 'retention.bytes': 5000 } }])
    await admin.createTopics([{ name, configs: { 'retention.ms': 2_000_000 } }])
    expect((await admin.describeTopic(name))?.configs).toMatchObject({
      'retention.ms': '2000000',
      'retention.bytes': '5000',
    })
  })

  test('keep their number of partitions: another one is an error', async () => {
    const name = newName()
    await admin.createTopics([{ name, partitions: 2 }])
    await expect(admin.createTopics([{ name, partitions: 4 }])).rejects.toMatchObject({ code: 'HUB_TOPIC_DIFFERS' })
  })

  test('are deleted, and deleting what is not there is no error', async () => {
    const name = newName()
    await admin.createTopics([{ name }])
    await admin.deleteTopics([name])
    await admin.deleteTopics([name])
    expect(await admin.describeTopic(name)).toBeUndefined()
  })
})

describe('users', () => {
  test('log in with their password until they are deleted', async () => {
    const access = await newUser()
    const client = openKafka(access, 'test').admin()
    await client.connect()
    await client.disconnect()
    expect(await admin.listUsers()).toContain(access.user)
    await admin.deleteUser(access.user)
    await admin.deleteUser(access.user)
    expect(await admin.listUsers()).not.toContain(access.user)
    await expect(client.connect()).rejects.toThrow(/authentication/i)
  })

  test.each(['with.dot', 'kraft', '', 'a,b', 'x'.repeat(65)])('cannot be called "%s"', async name => {
    await expect(admin.upsertUser(name, 'password')).rejects.toMatchObject({ code: 'HUB_USER_RESERVED' })
  })

  test('get quotas and lose them again', async () => {
    const { user } = await newUser()
    await admin.setQuota(user, { consumerBytesPerSecond: 1_000_000, requestPercent: 50 })
    await expect.poll(() => admin.quotaOf(user)).toEqual({ consumerBytesPerSecond: 1_000_000, requestPercent: 50 })
    await admin.setQuota(user, { consumerBytesPerSecond: null })
    await expect.poll(() => admin.quotaOf(user)).toEqual({ requestPercent: 50 })
  })
})

describe('rights', () => {
  test('are what a user needs to write, to read and to use a group; without them it is refused', async () => {
    const topic = newName()
    await admin.createTopics([{ name: topic }])
    const access = await newUser()
    const { user } = access
    await expect(writeAs(access, topic)).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await admin.grant([{ user, resource: 'topic', name: topic, operations: ['write'] }])
    await writeAs(access, topic)
    await expect(readAs(access, topic, `${user}.a`)).rejects.toThrow(/authoriz|coordinator/i)
    await admin.grant([
      { user, resource: 'topic', name: 'test.admin', match: 'prefixed', operations: ['read'] },
      { user, resource: 'group', name: `${user}.`, match: 'prefixed', operations: ['read'] },
    ])
    expect(await readAs(access, topic, `${user}.a`)).toBe('x')
    await expect(readAs(access, topic, 'another')).rejects.toThrow(/authoriz|coordinator/i)
  })

  test('are listed as they were granted, and revoked one by one or all', async () => {
    const user = `user-${random()}`
    const read = { user, resource: 'topic', name: 'a', match: 'literal', operations: ['read'] } as const
    const id = {
      user,
      resource: 'transactional-id',
      name: 'b',
      match: 'prefixed',
      operations: ['describe', 'write'],
    } as const
    const cluster = { user, resource: 'cluster', operations: ['idempotent-write'] } as const
    await admin.grant([read, id, cluster])
    await admin.grant([read])
    const listed = await admin.listGrants(user)
    expect(listed).toHaveLength(3)
    expect(listed).toContainEqual(read)
    expect(listed).toContainEqual({ ...cluster, name: 'kafka-cluster', match: 'literal' })
    expect(listed.find(({ resource }) => resource === 'transactional-id')?.operations.toSorted()).toEqual(id.operations)
    await admin.revoke([read])
    expect(await admin.listGrants(user)).toHaveLength(2)
    await admin.revokeAll(user)
    expect(await admin.listGrants(user)).toEqual([])
  })

  test('of a user are made exactly those that are due, whatever they were', async () => {
    const user = `user-${random()}`
    const read = { user, resource: 'topic', name: 'a', match: 'literal', operations: ['read'] } as const
    const group = { user, resource: 'group', name: 'b', match: 'prefixed', operations: ['read'] } as const
    const other = { ...read, user: `user-${random()}` }
    await admin.grant([{ ...read, operations: ['read', 'write'] }, { ...read, match: 'prefixed' }, other])
    for (const due of [[read, group], [read, group], [group], []]) {
      await admin.setGrants(user, due)
      const listed = await admin.listGrants(user)
      expect(listed).toHaveLength(due.length)
      expect(listed).toEqual(expect.arrayContaining(due))
    }
    expect(await admin.listGrants(other.user)).toEqual([other])
  })

  test('of one user end an open connection’s writing at once', async () => {
    const topic = newName()
    await admin.createTopics([{ name: topic }])
    const access = await newUser()
    await admin.grant([{ user: access.user, resource: 'topic', name: topic, operations: ['write'] }])
    const producer = await openProducer(access, { clientId: 'test' })
    await producer.send([{ topic, value: 'x' }])
    await admin.revokeAll(access.user)
    await expect(producer.send([{ topic, value: 'x' }])).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await producer.close()
  })
})

describe('offsets', () => {
  test('are those of the beginning, of the end and of a time', async () => {
    const topic = newName()
    await admin.createTopics([{ name: topic, partitions: 2 }])
    const producer = await openProducer(hub, { clientId: 'test' })
    const at = (timestampMs: number) => ({ topic, partition: 0, value: 'x', timestampMs })
    const now = Date.now()
    await producer.send([at(now - 3000), at(now - 2000), at(now - 1000)])
    await producer.close()
    expect(await admin.offsets(topic, 'earliest')).toEqual(
      new Map([
        [0, 0n],
        [1, 0n],
      ]),
    )
    expect(await admin.offsets(topic, 'latest')).toEqual(
      new Map([
        [0, 3n],
        [1, 0n],
      ]),
    )
    expect(await admin.offsets(topic, { timestampMs: now - 2500 })).toEqual(
      new Map([
        [0, 1n],
        [1, 0n],
      ]),
    )
    expect(await admin.offsets(topic, { timestampMs: now + 5000 })).toEqual(
      new Map([
        [0, 3n],
        [1, 0n],
      ]),
    )
  })

  test('end before an open transaction for who reads committed messages', async () => {
    const topic = newName()
    await admin.createTopics([{ name: topic }])
    const producer = await openProducer(hub, { clientId: 'test', transactionalId: newName() })
    const transaction = await producer.begin()
    await transaction.send([{ topic, value: 'x' }])
    expect((await admin.offsets(topic, 'latest')).get(0)).toBe(0n)
    expect((await admin.offsets(topic, 'latest', 'uncommitted')).get(0)).toBe(1n)
    await transaction.abort()
    await producer.close()
  })

  test('of a topic that does not exist are an error', async () => {
    await expect(admin.offsets(newName(), 'latest')).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
  })

  test('of a group without members are set and read', async () => {
    const topic = newName()
    const group = newName()
    await admin.createTopics([{ name: topic, partitions: 3 }])
    await admin.setGroupOffsets(
      group,
      topic,
      new Map([
        [0, 7n],
        [2, 9n],
      ]),
    )
    expect(await admin.groupOffsets(group, topic)).toEqual(
      new Map([
        [0, 7n],
        [2, 9n],
      ]),
    )
    await admin.deleteGroup(group)
    expect(await admin.groupOffsets(group, topic)).toEqual(new Map())
  })
})
