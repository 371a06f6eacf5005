import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hubNeeds, type Measured, MOST_NODES, nodeCapacity, type Platform, secondTier, simulate } from './simulate.ts'

const GB = 1e9
const MEASURED: Measured = {
  bytesPerAlert: 125_000,
  hubCpuUsPerAlert: 400,
  hubCpuUsPerAlertAndNode: 100,
  nodeCpuUsPerAlert: 1000,
  shardCpuUsPerAlert: 500,
  cpuUsPerAlertAndFilter: 2,
  memoryBytesPerNode: 2 * GB,
  memoryBytesPerFilter: 5e6,
  hopSeconds: 0.1,
}
/** 200 alerts/s, 0.2 Gbit/s. */
const PLATFORM: Platform = {
  filters: 10_000,
  alertsPerVisit: 8000,
  visitSeconds: 40,
  hub: { cores: 8, memoryBytes: 32 * GB, linkGbit: 10 },
  node: { cores: 4, memoryBytes: 16 * GB, linkGbit: 10 },
  use: 0.5,
  replication: 3,
  fanOut: 9,
  cap: 20,
  readersPerFilter: 1,
}

const positive = (max: number) => fc.double({ min: 1, max, noNaN: true })
const machines = fc.record({
  cores: fc.integer({ min: 1, max: 64 }),
  memoryBytes: positive(256 * GB),
  linkGbit: fc.integer({ min: 1, max: 100 }),
})
const measurements: fc.Arbitrary<Measured> = fc.record({
  bytesPerAlert: positive(400_000),
  hubCpuUsPerAlert: positive(5000),
  hubCpuUsPerAlertAndNode: positive(2000),
  nodeCpuUsPerAlert: positive(5000),
  shardCpuUsPerAlert: positive(2000),
  cpuUsPerAlertAndFilter: positive(100),
  memoryBytesPerNode: positive(8 * GB),
  memoryBytesPerFilter: positive(2e8),
  hopSeconds: positive(10),
})
const platforms: fc.Arbitrary<Platform> = fc.record({
  filters: fc.integer({ min: 1, max: 100_000 }),
  alertsPerVisit: fc.integer({ min: 1, max: 40_000 }),
  visitSeconds: fc.constant(37),
  hub: machines,
  node: machines,
  use: fc.double({ min: 0.1, max: 1, noNaN: true }),
  replication: fc.integer({ min: 1, max: 3 }),
  fanOut: fc.integer({ min: 1, max: 50 }),
  cap: fc.integer({ min: 1, max: 1000 }),
  readersPerFilter: fc.integer({ min: 1, max: 10 }),
})
const nodeCounts = fc.integer({ min: 1, max: 5000 })
const ALMOST = 1 + 1e-9

test('the hub sends the stream to every node and to its own copies', () => {
  const { egressGbit, cores, brokers } = hubNeeds(MEASURED, PLATFORM, 98)
  expect(egressGbit).toBeCloseTo(20)
  // Three copies written, and read a hundred times, at 200 alerts/s.
  expect(cores).toBeCloseTo(200 * (3 * 400e-6 + 100 * 100e-6))
  expect(brokers).toBe(4)
})

test('a node carries what its scarcest resource allows', () => {
  // 2 cores planned with, of which broker, MirrorMaker and two shards take 0.4; 0.0004 a filter.
  expect(nodeCapacity(MEASURED, PLATFORM)).toEqual({
    cpu: 4000,
    memory: 1200,
    link: 10_000,
    most: 1200,
    binds: 'memory',
  })
  const large = { ...PLATFORM, node: { ...PLATFORM.node, memoryBytes: 256 * GB } }
  expect(nodeCapacity(MEASURED, large)).toMatchObject({ most: 4000, binds: 'cpu' })
})

test('a node whose link the stream fills carries nothing', () => {
  const narrow = { ...PLATFORM, node: { ...PLATFORM.node, linkGbit: 0.3 } }
  expect(nodeCapacity(MEASURED, narrow)).toMatchObject({ most: 0, binds: 'link' })
  expect(simulate(MEASURED, narrow, [10])).toMatchObject({
    nodesForAllFilters: undefined,
    secondTierPaysFrom: undefined,
    byNodes: [{ carriesAllFilters: false, secondTier: undefined }],
  })
})

test('a second tier saves brokers of the hub, takes cores of nodes, and adds a hop', () => {
  // 1,000 nodes: 40 brokers without; with it 100 relays, 5 brokers. Serving 900 takes 18 cores, and a node has 1.6 left.
  expect(secondTier(MEASURED, PLATFORM, 1000)).toMatchObject({
    relays: 100,
    hub: { brokers: 5 },
    addedNodes: 12,
    savedMachines: 41 - 5 - 12,
    addedSeconds: 0.1,
  })
  expect(secondTier(MEASURED, PLATFORM, 10)?.savedMachines).toBeLessThanOrEqual(0)
})

test('what a filter costs is its evaluation and its share of the streams', () => {
  const [one] = simulate(MEASURED, PLATFORM, [100]).byNodes
  expect(one?.coreSecondsPerFilter.evaluation).toBeCloseTo(0.016)
  expect(one?.coreSecondsPerFilter.stream).toBeCloseTo((8000 * (3 * 400 + 102 * 100 + 100 * 2000)) / 1e6 / 10_000)
})

test('no broker of the hub has more to do than is planned with', () => {
  fc.assert(
    fc.property(measurements, platforms, nodeCounts, (measured, platform, nodes) => {
      const { hub, use, replication } = platform
      const needs = hubNeeds(measured, platform, nodes)
      expect(needs.egressGbit / needs.brokers).toBeLessThanOrEqual(hub.linkGbit * use * ALMOST)
      expect(needs.cores / needs.brokers).toBeLessThanOrEqual(hub.cores * use * ALMOST)
      expect(needs.brokers).toBeGreaterThanOrEqual(replication)
      const more = hubNeeds(measured, platform, nodes + 1)
      expect(more.egressGbit).toBeGreaterThan(needs.egressGbit)
      expect(more.brokers).toBeGreaterThanOrEqual(needs.brokers)
    }),
  )
})

test('as many nodes as are needed carry all filters, and one fewer does not', () => {
  fc.assert(
    fc.property(measurements, platforms, (measured, platform) => {
      const { capacity, nodesForAllFilters: needed } = simulate(measured, platform, [])
      expect(needed === undefined).toBe(capacity.most === 0)
      expect(capacity[capacity.binds]).toBe(capacity.most)
      if (needed === undefined) return
      const [enough, fewer] = simulate(measured, platform, needed > 1 ? [needed, needed - 1] : [needed]).byNodes
      expect(enough?.carriesAllFilters).toBe(true)
      expect(fewer?.carriesAllFilters ?? false).toBe(false)
    }),
  )
})

test('relays serve every node and never ask more of the hub', () => {
  fc.assert(
    fc.property(measurements, platforms, nodeCounts, (measured, platform, nodes) => {
      const tier = secondTier(measured, platform, nodes)
      if (tier === undefined) return
      expect(tier.relays * (platform.fanOut + 1)).toBeGreaterThanOrEqual(nodes)
      expect(tier.relays).toBeLessThanOrEqual(nodes)
      const direct = hubNeeds(measured, platform, nodes)
      expect(tier.hub.egressGbit).toBeLessThanOrEqual(direct.egressGbit)
      expect(tier.savedMachines).toBe(direct.brokers - tier.hub.brokers - tier.addedNodes)
    }),
  )
})

test('a second tier pays from the first number after the last where it does not', () => {
  const from = simulate(MEASURED, PLATFORM, []).secondTierPaysFrom ?? MOST_NODES
  expect(from).toBeGreaterThan(1)
  expect(secondTier(MEASURED, PLATFORM, from - 1)?.savedMachines).toBeLessThanOrEqual(0)
  for (let nodes = from; nodes < from + 200; nodes++)
    expect(secondTier(MEASURED, PLATFORM, nodes)?.savedMachines).toBeGreaterThan(0)
})
