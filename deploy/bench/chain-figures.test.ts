// The arithmetic behind the figures of the chain bench.
import { expect, test } from 'vitest'
import { doneMs, hubToDelivery, spreadOf, to20th } from './chain-figures.ts'

const visit = { visit: '7', packets: 3, beginMs: 1000, endMs: 2000 }
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
const delivery = (source: string, receivedMs: number) => ({ topic: 'filter.a', visit: '7', source, receivedMs })

test('a delivery takes from its packet’s leaving to its being readable', () => {
  const deliveries = [delivery('lsst-alerts-v11-0-2', 2100), delivery('lsst-alerts-v11-1-0', 1600)]
  expect(hubToDelivery(sent, { deliveries, commits: [] }, [visit])).toEqual([200, 100])
})

test('a visit is done with the first commit that has its last packets, whatever came after', () => {
  const commits = [
    { atMs: 1700, positions: { 0: '1', 1: '1' } },
    { atMs: 2050, positions: { 0: '3', 1: '1' } },
    { atMs: 5100, positions: { 0: '5', 1: '1' } },
  ]
  expect(doneMs(sent, { deliveries: [], commits }, visit)).toBe(2050)
})

test('a filter that does not fill its cap has no twentieth delivery', () => {
  const deliveries = Array.from({ length: 19 }, (_, at) => delivery('t-0-0', 2000 + at))
  expect(to20th({ deliveries, commits: [] }, [visit])).toEqual([])
  expect(to20th({ deliveries: [...deliveries, delivery('t-0-0', 3500)], commits: [] }, [visit])).toEqual([2500])
})

test('a spread is in seconds', () => {
  expect(spreadOf([100, 200, 300, 1000])).toEqual({ p50: 0.3, p99: 1, max: 1, mean: 0.4 })
  expect(spreadOf([])).toBeUndefined()
})
