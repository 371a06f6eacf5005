import { expect, test } from 'vitest'
import { CONTROL_TOPICS, NODE_TOPICS, nodeTopics } from './node-topics.ts'

const topics = nodeTopics({
  shards: 3,
  alertTopics: [{ name: 'lsst-alerts-v11', partitions: 4 }],
  retention: { hours: 1, bytesPerPartition: 100_000_000 },
})
const named = (name: string) => topics.find(topic => topic.name === name)

test('alert topics have the node’s retention and take packets of 10 MB', () => {
  expect(named('lsst-alerts-v11')).toMatchObject({
    partitions: 4,
    configs: { 'retention.ms': 3_600_000, 'retention.bytes': 100_000_000, 'cleanup.policy': 'delete' },
  })
  for (const { configs } of topics) expect(configs?.['max.message.bytes']).toBeGreaterThan(10 * 1024 * 1024)
})

test('what is kept by key is compacted, with one partition a shard where shards write', () => {
  for (const name of [...CONTROL_TOPICS, NODE_TOPICS.progress])
    expect(named(name)?.configs?.['cleanup.policy']).toBe('compact')
  expect(named(NODE_TOPICS.progress)?.partitions).toBe(3)
  expect(named(NODE_TOPICS.shards)?.partitions).toBe(3)
})

test('what authors look at is kept for seven days', () => {
  for (const name of [NODE_TOPICS.overCap, NODE_TOPICS.logs])
    expect(named(name)?.configs?.['retention.ms']).toBe(7 * 24 * 3_600_000)
})
