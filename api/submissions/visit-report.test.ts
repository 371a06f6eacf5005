import { expect, test } from 'vitest'
import { type LogRecord } from '#hub'
import { type Manifest } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'
import { visitReport } from './visit-report.ts'

const FILTER = 'f0123456789'
const manifest = { id: FILTER, placement: { mirror: 'node1', shard: 0 } } as Manifest
const counts = { visit: '7', seen: 5000, passed: 2530, delivered: 20, overCap: 2510, errors: 0 }

const record = (key: string, value: object, timestampMs = 1000): LogRecord => ({
  offset: 0n,
  timestampMs,
  key: Buffer.from(key),
  value: Buffer.from(JSON.stringify(value)),
  headers: [],
})
const overCap = (visit: string, total: number, first: number, alerts: number): LogRecord =>
  record(FILTER, {
    filter: FILTER,
    visit,
    overCap: total,
    alerts: Array.from({ length: alerts }, (_, at) => ({ alert: String(first + at), source: `t-0-${first + at}` })),
  })

/** Topics of the one node as lists; remembers where each reading began. */
const served = (topics: Record<string, readonly LogRecord[]>, node = 'node1') => {
  const began: unknown[] = []
  const brokers = {
    address: (broker: string) => (broker === node ? 'localhost:9092' : undefined),
    async *records(_broker: string, topic: string, _partition: number, from: unknown) {
      began.push([topic, from])
      yield* topics[topic] ?? []
    },
    async newest(_broker: string, topic: string, _partition: number, key: string) {
      return topics[topic]?.findLast(record => record.key?.toString() === key)
    },
  }
  return { brokers, began }
}

test('the ids of all records of the visit are put together, and the largest count is the newest', async () => {
  const { brokers, began } = served({
    'skysieve.over-cap': [
      overCap('7', 900, 0, 900),
      overCap('8', 3, 5000, 3),
      record('f9999999999', { filter: 'f9999999999', visit: '7', overCap: 1, alerts: [] }),
      overCap('7', 2520, 900, 100),
    ],
  })
  const status = { mirror: 'node1', shard: 0, visits: [{ ...counts, firstMs: 500_000, touchedMs: 501_000 }] }
  const report = await visitReport(brokers, { manifest, status: status as unknown as FilterStatus, visit: '7' })
  expect(report).toMatchObject({ seen: 5000, overCap: 2520 })
  expect(report?.overCapAlerts.map(({ alert }) => Number(alert))).toEqual(Array.from({ length: 1000 }, (_, at) => at))
  expect(began).toEqual([['skysieve.over-cap', { timestampMs: 440_000 }]])
})

test('a visit that is not reported any more is found in the node’s progress by its newest record', async () => {
  const visit = { seen: 10, passed: 3, errors: 1, overCap: 0, firstMs: 1, lastMs: 2, touchedMs: 3, delivered: ['1'] }
  const { brokers } = served({
    'skysieve.progress': [
      record(`visit/${FILTER}/7`, visit),
      record(`visit/${FILTER}/7`, { ...visit, seen: 12, delivered: ['1', '2'] }),
      record(`visit/${FILTER}/8`, { ...visit, seen: 99 }),
    ],
  })
  const report = await visitReport(brokers, { manifest, status: undefined, visit: '7' })
  expect(report).toMatchObject({ visit: '7', seen: 12, delivered: 2, errors: 1, overCapAlerts: [] })
  expect(await visitReport(brokers, { manifest, status: undefined, visit: '9' })).toBeUndefined()
})

test('of a visit that a node finished which was removed since, nothing is known; what others had is', async () => {
  const visit = { seen: 10, passed: 3, errors: 1, overCap: 0, firstMs: 1, lastMs: 2, touchedMs: 3, delivered: ['1'] }
  const { brokers } = served({ 'skysieve.progress': [record(`visit/${FILTER}/6`, visit)] }, 'node2')
  const moved = {
    ...manifest,
    placement: { mirror: 'node2', shard: 0 },
    handover: { from: { mirror: 'node1', shard: 0 }, visits: ['5'] },
  } as unknown as Manifest
  expect(await visitReport(brokers, { manifest: moved, status: undefined, visit: '5' })).toBeUndefined()
  expect(await visitReport(brokers, { manifest: moved, status: undefined, visit: '6' })).toMatchObject({ seen: 10 })
})
