import { expect, test } from 'vitest'
import { type ShardStatus } from '../control/status-records.ts'
import { SILENT_AFTER_MS } from '../control/silence.ts'
import { now, report } from '../submissions/manifests.fixture.ts'
import { placeableNode } from './placeable-node.ts'
import { nowMs } from './placement.fixture.ts'

const wish = { name: 'a', state: 'active', isReached: true, labels: {}, shards: 0 } as const
const machine = { cores: 4, memoryBytes: 9e9, memoryFreeBytes: 5e9, version: '0.1.0', languages: ['javascript'] }
const of = (shard: number, changes: Partial<ShardStatus>): ShardStatus => ({ ...report('a', shard, 3), ...changes })

test('a node is what its shards that are awake report: the cores of all its machines, the least of what they have left', () => {
  const reports = [
    of(0, {
      machine: { ...machine, name: 'm1', diskBytes: 9, diskFreeBytes: 7 },
      mirrorLag: { alerts: 3, seconds: 1 },
    }),
    of(1, { machine: { ...machine, name: 'm1' } }),
    of(2, { machine: { ...machine, name: 'm2', memoryFreeBytes: 1e9, languages: ['python'] } }),
    { ...report('b', 0, 1), machine: { ...machine, name: 'm3' } },
  ]
  expect(placeableNode(wish, reports, nowMs)).toEqual({
    ...wish,
    shards: 3,
    awake: [0, 1, 2],
    heardMs: nowMs,
    cores: 8,
    languages: ['javascript', 'python'],
    memoryFreeBytes: 1e9,
    disk: { bytes: 9, freeBytes: 7 },
    lagAlerts: 3,
  })
})

test('of a node that is silent, or of older software, nothing is known but how many shards it has', () => {
  const unknown = { languages: undefined, memoryFreeBytes: undefined, disk: undefined, lagAlerts: undefined }
  const long = new Date(nowMs - SILENT_AFTER_MS).toISOString()
  const silent = of(0, { machine: { ...machine, name: 'm1' }, updatedAt: long })
  expect(placeableNode(wish, [silent], nowMs)).toMatchObject({
    awake: [],
    heardMs: Date.parse(long),
    cores: 6,
    ...unknown,
  })
  expect(placeableNode(wish, [of(1, {})], nowMs)).toMatchObject({ awake: [1], heardMs: nowMs, cores: 6, ...unknown })
  expect(placeableNode({ ...wish, shards: 2 }, [], nowMs)).toMatchObject({ awake: [], heardMs: undefined, shards: 2 })
  const joined = { ...wish, machine: { cores: 16, languages: ['python'] } }
  expect(placeableNode(joined, [of(1, {})], nowMs)).toMatchObject({ cores: 16, languages: ['python'] })
  expect(placeableNode(wish, [of(0, { updatedAt: 'x' })], nowMs).awake).toEqual([])
  expect(now).toBe(new Date(nowMs).toISOString())
})
