import { expect, test } from 'vitest'
import { openReadingStats } from './reading-stats.ts'

const message = (offset: number, over: object = {}) => ({
  partition: 0,
  offset: BigInt(offset),
  value: Buffer.from(`packet ${offset}`),
  producedMs: 0,
  receivedMs: 1000,
  ...over,
})

test('gaps, offsets that come again and packets that come twice are told apart', () => {
  const stats = openReadingStats()
  for (const offset of [5, 6, 9, 9, 10]) stats.add(message(offset))
  stats.add(message(11, { value: Buffer.from('packet 5') }))
  stats.add(message(40, { partition: 1, value: Buffer.from('other') }))
  expect(stats.report()).toMatchObject({
    messages: 7,
    partitions: 2,
    gaps: 1,
    missingOffsets: 2,
    repeated: 1,
    duplicates: 1,
  })
})

test('latencies are within 1 % of what they were, and those above a minute are counted out', () => {
  const stats = openReadingStats()
  for (let at = 1; at <= 1000; at += 1) stats.add(message(at, { receivedMs: at * 100 }))
  const { latencySeconds, within60s, seconds } = stats.report()
  expect(latencySeconds.p50).toBeCloseTo(50, -0.5)
  expect(latencySeconds.p99 / 99).toBeCloseTo(1, 1)
  expect(latencySeconds.max).toBe(100)
  expect(within60s).toBe(0.6)
  expect(seconds).toBeCloseTo(99.9)
})

test('nothing is a report, too', () => {
  expect(openReadingStats().report()).toMatchObject({ messages: 0, within60s: 0, latencySeconds: { p50: 0, max: 0 } })
})
