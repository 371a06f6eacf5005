import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byNodes, inputsOf, lineThrough, type NodeUse, platformRate, rateOfOwnCores, type Run } from './inputs.ts'

const ALERTS = 1000
const US = ALERTS / 1e6

/** A run in which every alert costs exactly what it says. */
const run = (count: number): Run => {
  const filters = 60 / count
  const node: NodeUse = {
    filters,
    brokerCpu: 700 * US,
    mirrorCpu: 200 * US,
    workerCpu: (300 + filters) * US,
    hostsCpu: 2 * filters * US,
    kafkaBytes: 1e9,
    workerBytes: 2e8 + filters * 5e6,
  }
  const phase = {
    alerts: ALERTS,
    bytes: 0,
    seconds: 2 * count,
    hubCpu: (400 + 100 * count) * US,
    nodes: Array.from({ length: count }, () => node),
  }
  return { stored: phase, live: phase, hopSeconds: 0.05 * count }
}
const runs = [1, 2, 3].map(run)

test('what an alert costs is told apart by numbers of nodes and of filters on a node', () => {
  expect(inputsOf(runs, 110_000.4)).toEqual({
    bytesPerAlert: 110_000,
    hubCpuUsPerAlert: 400,
    hubCpuUsPerAlertAndNode: 100,
    nodeCpuUsPerAlert: 900,
    shardCpuUsPerAlert: 300,
    cpuUsPerAlertAndFilter: 3,
    memoryBytesPerNode: 1.2e9,
    memoryBytesPerFilter: 5e6,
    hopSeconds: 0.1,
  })
})

test('the platform’s rate is what its nodes evaluate together', () => {
  expect(byNodes([...runs, run(1)], platformRate)).toEqual({ 1: 500, 2: 500, 3: 500 })
  // 1,380 µs an alert with all 60 filters.
  expect(rateOfOwnCores(run(1), 2)).toBeCloseTo(2e6 / 1380)
  expect(rateOfOwnCores(run(3), 2)).toBeCloseTo((3 * 2e6) / 1260)
})

test('a line needs two places', () => {
  expect(() => lineThrough([{ x: 1, y: 2 }])).toThrow('two different places')
})

test('no part of a cost is below nothing, and a line that has none there is found again', () => {
  const value = fc.integer({ min: 0, max: 1000 })
  fc.assert(
    fc.property(value, value, (fixed, slope) => {
      const found = lineThrough([1, 2, 3].map(x => ({ x, y: fixed + slope * x })))
      expect(found.fixed).toBeCloseTo(fixed)
      expect(found.slope).toBeCloseTo(slope)
    }),
  )
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 9 }), values => {
      const found = lineThrough(values.map((y, x) => ({ x, y })))
      expect(found.fixed).toBeGreaterThanOrEqual(0)
      expect(found.slope).toBeGreaterThanOrEqual(0)
    }),
  )
})
