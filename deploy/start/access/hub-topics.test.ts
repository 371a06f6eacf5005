import { expect, test } from 'vitest'
import { alertTopicBytes, hubTopicBytes } from '../layout/topic-bytes.ts'
import { hubTopics } from './hub-topics.ts'

const GB = 1e9
const small = { alerts: 1000, interval: 37, partitions: 8 }
const rubin = { alerts: 10_000, interval: 37, partitions: 45 }

test('the hub keeps twelve hours of alerts where the disk allows it', () => {
  const twelveHours = ((12 * 3600) / 37) * 10_000 * 150_000
  expect(hubTopicBytes(rubin, 100_000 * GB)).toBe(Math.floor(twelveHours))
  expect(hubTopicBytes(small, 100_000 * GB)).toBe(Math.floor(twelveHours / 10))
})

test('it takes at most a quarter of the disk, all streams together, and at least what a node keeps', () => {
  expect(hubTopicBytes(rubin, 1000 * GB)).toBe((1000 * GB) / 8)
  expect(hubTopicBytes(rubin, 0)).toBe(alertTopicBytes(10_000))
  expect(hubTopicBytes(small, 1 * GB)).toBe(alertTopicBytes(1000))
})

test('the bytes of a topic are divided among its partitions', () => {
  const alerts = hubTopics(rubin, 90 * GB).find(({ name }) => name.startsWith('lsst-alerts'))
  expect(alerts?.configs?.['retention.bytes']).toBe((90 * GB) / 45)
})
