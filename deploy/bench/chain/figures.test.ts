// The arithmetic behind the figures of the chain bench.
import { expect, test } from 'vitest'
import { doneMs, hubToDelivery, lagAlerts, localFigures, spreadOf, to20th } from './figures.ts'
import { shareOf } from './filters.ts'
import { type Received } from './messages.ts'
import { stages } from './stages.ts'

const visit = { visit: '7', packets: 3, bytes: 360_000, beginMs: 1000, endMs: 2000 }
const sent = new Map([
  [
    0,
    [
      { offset: 0n, sentMs: 1000 },
      { offset: 2n, sentMs: 1900 },
      { offset: 4n, sentMs: 5000 },
    ],
  ],
  [1, [{ offset: 0n, sentMs: 1500 }]],
])
const delivery = (source: string, receivedMs: number, visit = '7') => ({
  topic: 'filter.a',
  visit,
  source,
  evaluatedMs: receivedMs - 30,
  writtenMs: receivedMs - 20,
  receivedMs,
})
const received = (some: Partial<Received>): Received => ({
  deliveries: [],
  commits: [],
  onHub: [],
  onNode: [],
  ...some,
})

test('a delivery takes from its packet’s leaving to its being readable', () => {
  const deliveries = [delivery('lsst-alerts-v11-0-2', 2100), delivery('lsst-alerts-v11-1-0', 1600)]
  expect(hubToDelivery(sent, received({ deliveries }), [visit])).toEqual([200, 100])
})

test('a visit is done with the first commit that has its last packets, whatever came after', () => {
  const commits = [
    { atMs: 1700, positions: { 0: '1', 1: '1' } },
    { atMs: 2050, positions: { 0: '3', 1: '1' } },
    { atMs: 5100, positions: { 0: '5', 1: '1' } },
  ]
  expect(doneMs(sent, received({ commits }), visit)).toBe(2050)
})

test('the lag is what was sent and is not evaluated yet, while a visit is sent', () => {
  const commits = [
    { atMs: 900, positions: { 0: '0', 1: '0' } },
    { atMs: 1700, positions: { 0: '0', 1: '0' } },
    { atMs: 1950, positions: { 0: '1', 1: '1' } },
    { atMs: 5100, positions: { 0: '1', 1: '1' } },
  ]
  expect(lagAlerts(sent, received({ commits }), [visit])).toEqual({ p50: 2, p99: 2, max: 2 })
})

test('a filter that does not fill its cap has no twentieth delivery', () => {
  const deliveries = Array.from({ length: 19 }, (_, at) => delivery('t-0-0', 2000 + at))
  expect(to20th(received({ deliveries }), [visit])).toEqual([])
  expect(to20th(received({ deliveries: [...deliveries, delivery('t-0-0', 3500)] }), [visit])).toEqual([2500])
})

test('a spread is in seconds', () => {
  expect(spreadOf([100, 200, 300, 1000])).toEqual({ p50: 0.3, p99: 1, max: 1, mean: 0.4 })
  expect(spreadOf([])).toBeUndefined()
})

test('a stage lasts from a packet’s standing at one place to its standing at the next', () => {
  const ends = (atMs: number, end: string) => ({ atMs, ends: { 0: end } })
  const deliveries = [delivery('lsst-alerts-v11-0-2', 2100)]
  // Its second packet of the partition: at 1 on the hub, at 2 on the node, where a marker lies between.
  const onHub = [ends(1000, '1'), ends(1910, '2')]
  const onNode = [ends(1920, '1'), ends(1950, '4')]
  const found = stages(sent, received({ deliveries, onHub, onNode }), [visit])
  expect(Object.values(found).map(spread => spread?.max)).toEqual([0.01, 0.04, 0.12, 0.01, 0.02])
})

test('a visit that waited in the local topic is counted from its first verdict', () => {
  const commits = [{ atMs: 2050, positions: { 0: '3', 1: '1' } }]
  const deliveries = [delivery('t-0-2', 1930), delivery('t-1-0', 1830), delivery('t-0-0', 1000, '6')]
  expect(localFigures(sent, received({ deliveries, commits }), visit, 1500)).toEqual({
    drainedSeconds: 0.25,
    withWorkerStartSeconds: 0.55,
  })
})

test('pass rates go from 0.05 % to 30 %', () => {
  expect([0, 99].map(i => Number(shareOf(i, 100).toFixed(6)))).toEqual([0.0005, 0.3])
})
