// Who has to run on a shard, from what owners want and what happened.
import { expect, test } from 'vitest'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { recordFor, desiredStateFor } from './desired-filters.ts'

const place = { mirror: 'node1', shard: 0, streams: ['lsst'] }
const manifest: Manifest = {
  id: 'f0000000001',
  name: 'n',
  owner: 'o',
  description: '',
  stream: 'lsst',
  cap: 20,
  policy: 'first',
  start: 'now',
  cutouts: false,
  versions: [],
  active: 1,
  state: 'active',
  problems: [],
  placement: { mirror: 'node1', shard: 0 },
  generation: 1,
  trust: 'known',
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
}
const record: FilterRecord = {
  lane: 'live.lsst',
  version: 1,
  generation: 1,
  strikes: 1,
  isSlow: false,
  learned: [],
  cut: undefined,
  arrived: undefined,
  ahead: new Map(),
  suspension: undefined,
  cpuMs: 9,
  cpuAlerts: 9,
}
const desired = (changes: Partial<Manifest>, known: FilterRecord | undefined = record): string =>
  desiredStateFor({ ...manifest, ...changes }, known, place, Date.parse('2026-06-01T00:00:00Z'))

test('a filter that is active and placed here runs, whether it is known or new', () => {
  expect([desired({}), desiredStateFor(manifest, undefined, place, 0)]).toEqual(['run', 'run'])
})

test('one that is paused, expired, or of a stream that is not read here rests', () => {
  expect([
    desired({ state: 'paused' }),
    desired({ expires: '2026-05-31T00:00:00Z' }),
    desired({ stream: 'ztf' }),
  ]).toEqual(['rest', 'rest', 'rest'])
})

test('one that was moved away keeps what it counted here, and one that nobody knows is left alone', () => {
  const elsewhere = { placement: { mirror: 'node2', shard: 0 } }
  expect([desired(elsewhere), desiredStateFor({ ...manifest, ...elsewhere }, undefined, place, 0)]).toEqual([
    'rest',
    'none',
  ])
  expect([desiredStateFor(undefined, record, place, 0), desiredStateFor(undefined, undefined, place, 0)]).toEqual([
    'none',
    'none',
  ])
})

test('a deleted filter is forgotten', () => {
  expect(desired({ state: 'deleted' })).toBe('forget')
})

test('a suspension keeps it from running until the generation is raised, which also clears its strikes', () => {
  const suspended = { ...record, suspension: { generation: 1, reason: 'timeout', message: 'm', at: '' } }
  expect([desired({}, suspended), desired({ generation: 2 }, suspended)]).toEqual(['rest', 'run'])
  expect(recordFor({ ...manifest, generation: 2 }, suspended)).toMatchObject({
    strikes: 0,
    isSlow: false,
    learned: [],
    cut: undefined,
    arrived: undefined,
    suspension: undefined,
    cpuMs: 9,
    cpuAlerts: 9,
  })
  expect(recordFor(manifest, record).strikes).toBe(1)
})

test('a filter that comes suspended from another node stays so until the generation is raised', () => {
  const suspension = { generation: 1, reason: 'timeout', message: 'm', at: '' }
  const handover = { from: { mirror: 'node2', shard: 0 }, at: 'x', sinceMs: 0, visits: [], until: '', suspension }
  expect(desiredStateFor({ ...manifest, handover }, undefined, place, 0)).toBe('rest')
  expect([desired({ handover }), desired({ handover, generation: 2 })]).toEqual(['rest', 'run'])
  // Its owner resumed it here, and it was loaded: what it came with is past.
  expect(desired({ handover }, { ...record, arrived: 'x' })).toBe('run')
})

test('what a filter was found to read holds for its version, also when its owner resumes it', () => {
  const learned = { ...record, learned: ['diaObject'] }
  expect(recordFor({ ...manifest, generation: 2 }, learned).learned).toEqual(['diaObject'])
  expect(recordFor({ ...manifest, active: 2 }, learned).learned).toEqual([])
})
