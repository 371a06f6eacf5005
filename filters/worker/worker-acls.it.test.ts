// What a worker asks its node besides reading and writing, with the rights it has.
import { randomBytes } from 'node:crypto'
import { openAdmin } from '#hub'
import { nodeTopics } from '#mirrors'
import { expect, inject, test } from 'vitest'
import { workerAcls, workerUser } from './worker-acls.ts'

test('a worker may ask how long an alert topic keeps packets, by which it remembers visits', async () => {
  const { node } = inject('kafka')
  const run = randomBytes(4).toString('hex')
  const [mirror, topic, password] = [`m${run}`, `alerts-${run}`, 'of-a-worker']
  const admin = openAdmin(node)
  const alertTopics = [{ name: topic, partitions: 1 }]
  const topics = nodeTopics({ alertTopics, shards: 1, retention: { hours: 5, bytesPerPartition: 1024 ** 3 } })
  await admin.createTopics(topics.filter(({ name }) => name === topic))
  await admin.upsertUser(workerUser(mirror), password)
  await admin.grant(workerAcls(mirror, [topic]).node)
  const worker = openAdmin({ ...node, user: workerUser(mirror), password })
  expect((await worker.topicConfigs(topic))?.['retention.ms']).toBe(String(5 * 3_600_000))
  expect(await worker.topicConfigs('no-such-topic')).toBeUndefined()
  await worker.close()
  await admin.deleteTopics([topic])
  await admin.close()
})
