// The newest record of a visit on a real broker: committed ones alone, across transactions, compaction aside.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type ClusterAdmin, openAdmin, openProducer, type Producer } from '#hub'
import { openSecretBox } from '../accounts/secret-box.ts'
import { HUB } from './brokers.ts'
import { openBrokers } from './open-brokers.ts'

const { node } = inject('kafka')
const topic = `progress.${randomBytes(4).toString('hex')}`
const brokers = openBrokers(node, openSecretBox(randomBytes(32)))
let admin: ClusterAdmin
let producer: Producer

beforeAll(async () => {
  admin = openAdmin(node)
  await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
  producer = await openProducer(node, { clientId: 'test', transactionalId: topic })
})
afterAll(async () => {
  await producer?.close()
  await brokers.close()
  await admin?.deleteTopics([topic])
  await admin?.close()
})

const commit = async (...records: readonly (readonly [key: string, value: string | null])[]): Promise<void> => {
  const transaction = await producer.begin()
  await transaction.send(records.map(([key, value]) => ({ topic, key, value })))
  await transaction.commit()
}
const newest = async (key: string): Promise<string | undefined> =>
  (await brokers.newest(HUB, topic, 0, key))?.value?.toString()

test('is found among others, replaced by what was committed since, and gone with its tombstone', async () => {
  expect(await newest('visit/f/1')).toBeUndefined()
  await commit(['visit/f/1', 'first'], ['lane/live', 'x'], ['visit/f/2', 'other'])
  expect(await newest('visit/f/1')).toBe('first')
  await commit(['visit/f/1', 'second'])
  await commit(['lane/live', 'y'])
  expect(await newest('visit/f/1')).toBe('second')
  expect(await newest('visit/f/2')).toBe('other')
  expect(await newest('visit/f/nobody')).toBeUndefined()
  await commit(['visit/f/1', null])
  expect(await newest('visit/f/1')).toBeUndefined()
})
