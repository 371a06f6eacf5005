// What the consumer groups of one account cost a real broker at most.
import { randomBytes } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import pino from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type ClusterAdmin, openAdmin } from '#hub'
import { type AccountsValue, accountsKey, type CredentialRecord } from '../control/account-records.ts'
import { openSecretBox } from '../accounts/secret-box.ts'
import { MAX_EMPTY_GROUPS } from '../subscribers/consumer-groups.ts'
import { openControlState } from '../control/control-state.ts'
import { type ApiSettings } from '../settings.ts'
import { newIdleGroupCleaner } from './delete-idle-groups.ts'
import { HUB } from '../brokers/brokers.ts'
import { openBrokers } from '../brokers/open-brokers.ts'
import { newPassword } from '../subscribers/kafka-password.ts'
import { kafkaUsers } from '../subscribers/kafka-users.ts'

const { hub } = inject('kafka')
const account = `reap${randomBytes(3).toString('hex')}`
const topic = `${account}.topic`
const box = openSecretBox(randomBytes(32))
const settings = { kafkaBytesPerSecond: 1e9, kafkaRequestPercent: 1000 } as ApiSettings
const brokers = openBrokers(hub, box)
let admin: ClusterAdmin
let stock: Kafka
let controlState: ReturnType<typeof openControlState>

beforeAll(async () => {
  admin = openAdmin(hub)
  await admin.createTopics([{ name: topic }])
  const { password, kept } = await newPassword(box, account)
  const createdAt = new Date().toISOString()
  const record: CredentialRecord = {
    kind: 'credential',
    user: account,
    account,
    topic,
    broker: HUB,
    ...kept,
    state: 'active',
    createdAt,
  }
  const records: AccountsValue[] = [record]
  const accounts = new Map(records.map(value => [accountsKey(value), value]))
  controlState = openControlState({ accounts, filters: new Map(), status: new Map(), nodes: new Map() }, '')
  await brokers.applyUser(HUB, () => kafkaUsers(controlState, settings)[0])
  stock = new Kafka({
    brokers: [hub.bootstrap],
    sasl: { mechanism: 'scram-sha-512', username: account, password },
    retry: { retries: 3, initialRetryTime: 50 },
    logLevel: logLevel.NOTHING,
  })
})
afterAll(async () => {
  await admin?.deleteTopics([topic])
  await admin?.close()
  await brokers.close()
})

/** Commits a position as a stock client does, as the group's one member. */
const commit = async (groupId: string, metadata = ''): Promise<void> => {
  const consumer = stock.consumer({ groupId, sessionTimeout: 6000, maxWaitTimeInMs: 50 })
  const joined = Promise.withResolvers<unknown>()
  consumer.on('consumer.group_join', joined.resolve)
  consumer.on('consumer.crash', ({ payload }) => joined.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topic })
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
    await joined.promise
    await consumer.commitOffsets([{ topic, partition: 0, offset: '0', metadata }])
  } finally {
    await consumer.disconnect()
  }
}
const own = async (): Promise<string[]> =>
  (await admin.listGroups()).map(({ id }) => id).filter(id => id.startsWith(account))

test('a user commits in groups of the names that stock clients make, and in nobody else’s', async () => {
  for (const group of [account, `${account}.a`, `${account}-fink-testing`]) await commit(group)
  await expect(commit(`${account}2`)).rejects.toThrow(/authoriz|coordinator/i)
  expect((await own()).toSorted()).toEqual([account, `${account}-fink-testing`, `${account}.a`].toSorted())
})
test('a position’s comment may be as long as clients’ own, and not 4 KB', async () => {
  await commit(`${account}.comment`, 'x'.repeat(500))
  await expect(commit(`${account}.comment`, 'x'.repeat(4000))).rejects.toThrow(/metadata/i)
  await admin.deleteGroups([`${account}.comment`])
})
test('a user takes groups away and gives them no configuration', async () => {
  const grants = (await admin.listGrants(account)).filter(({ resource }) => resource === 'group')
  expect(grants).toHaveLength(3)
  for (const { operations } of grants) expect(operations.toSorted()).toEqual(['delete', 'describe', 'read'])
})
test('of 70 groups, one with a name of 20 KB and one of a filter that is gone, 50 stay', async () => {
  const names = [...Array.from({ length: 66 }, (_, at) => `${account}.${at}`), `${account}-${'x'.repeat(20_000)}`]
  for (const name of names) await admin.setGroupOffsets(name, topic, new Map([[0, 0n]]))
  await admin.setGroupOffsets('filter.f00reaped00', topic, new Map([[0, 0n]]))
  const cleaner = newIdleGroupCleaner(
    { controlState, brokers, settings, nowMs: Date.now },
    pino({ level: 'silent' }) as never,
  )
  await cleaner.round()
  expect(await own()).toHaveLength(MAX_EMPTY_GROUPS)
  expect(Math.max(...(await own()).map(({ length }) => length))).toBeLessThan(250)
  expect((await admin.listGroups()).map(({ id }) => id)).not.toContain('filter.f00reaped00')
})
