import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Manifest, type Placement } from '#filters'
import { Value } from 'typebox/value'
import {
  deleted,
  described,
  endOfNight,
  etagOf,
  newManifest,
  paused,
  placed,
  rejected,
  resumed,
  withActive,
  withVersion,
} from './manifest-changes.ts'
import { forcedTo, handedOver, movingTo, pastHandover } from './move-rules.ts'
import { nodesOf } from './node-view.ts'
import { candidatesOf, choosePlace, SILENT_AFTER_MS } from './placement.ts'
import { stageOf } from './stage.ts'
import { type FilterStatus, type ShardStatus, StatusValue } from '../control/status-records.ts'

const now = '2026-11-21T00:00:00.000Z'
const submitted = newManifest(
  { name: 'bright', language: 'javascript', source: 'export const filter = () => true' },
  { id: 'f0123456789', owner: 'alice', description: '', bytes: 200, now },
  { cap: 20, stream: 'lsst' },
)
const tried = { version: 1, alerts: 256, passed: 7 }
const active = placed(submitted, { mirror: 'node1', shard: 0 }, tried, now)
const status: FilterStatus = {
  filter: active.id,
  mirror: 'node1',
  shard: 0,
  state: 'live',
  version: 1,
  generation: 1,
  visits: [],
  cpuMs: 0,
  updatedAt: now,
}
const conflict = expect.objectContaining({ code: 'API_STATE_CONFLICT' })

describe('a manifest', () => {
  test('fresh and placed has the form its readers expect', () => {
    expect(Value.Check(Manifest, submitted)).toBe(true)
    expect(Value.Check(Manifest, active)).toBe(true)
    expect(active.placement).toEqual({ mirror: 'node1', shard: 0 })
  })
  test('resumed is of a new generation, which ends a suspension', () => {
    expect(resumed(paused(active, now), now)).toMatchObject({ state: 'active', generation: 2 })
    expect(resumed(active, now).generation).toBe(2)
  })
  test('that is not active can be neither paused nor resumed', () => {
    expect(() => paused(submitted, now)).toThrow(conflict)
    expect(() => resumed(deleted(active, now), now)).toThrow(conflict)
    expect(() => withActive(submitted, 2, tried, now)).toThrow(expect.objectContaining({ code: 'API_VERSION_UNKNOWN' }))
  })
  test('takes the same source twice as one version', () => {
    const twice = withVersion(
      active,
      { language: 'javascript', source: 'export const filter = () => true', bytes: 200 },
      now,
    )
    expect(twice).toMatchObject({ isNew: false, manifest: active, version: { number: 1 } })
  })
  test('takes another source as the next version, which does not run yet', () => {
    const { manifest, version } = withVersion(active, { language: 'typescript', source: 'x', bytes: 1 }, now)
    expect(version.number).toBe(2)
    expect(manifest).toMatchObject({ active: 1, state: 'active' })
    expect(withActive(manifest, 2, tried, now)).toMatchObject({ active: 2, generation: 2 })
  })
  test('rejected starts over with a new version, without its old problems', () => {
    const no = rejected(submitted, [{ message: 'throws', line: 1, pointer: '/source' }], now)
    expect(no.problems).toEqual([{ message: 'throws', line: 1 }])
    expect(withVersion(no, { language: 'javascript', source: 'y', bytes: 1 }, now).manifest).toMatchObject({
      state: 'submitted',
      active: 2,
      problems: [],
    })
  })
  test('unchanged keeps its ETag, changed gets another', () => {
    expect(etagOf(described(active, '', now))).toBe(etagOf(active))
    expect(etagOf(described(active, 'new', now))).not.toBe(etagOf(active))
  })
})

test.each([
  ['2026-11-21T11:59:59.999Z', '2026-11-21T12:00:00.000Z'],
  ['2026-11-21T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
  ['2026-12-31T23:00:00.000Z', '2027-01-01T12:00:00.000Z'],
])('a filter for the night submitted at %s ends at %s', (submittedAt, end) => {
  expect(endOfNight(submittedAt)).toBe(end)
})

describe('placement', () => {
  const report = (mirror: string, shard: number, shards: number, updatedAt = now): ShardStatus => ({
    mirror,
    shard,
    shards,
    filters: 2,
    lagAlerts: 3,
    updatedAt,
  })
  const nowMs = Date.parse(now)
  const long = new Date(nowMs - SILENT_AFTER_MS).toISOString()

  test('spreads filters so that no two shards, and no two mirrors with as many shards, differ by more than one', () => {
    assert(
      property(
        integer({ min: 1, max: 4 }),
        integer({ min: 1, max: 3 }),
        integer({ min: 0, max: 40 }),
        (mirrors, shards, filters) => {
          const places = Array.from({ length: mirrors }, (_, at) => `node${at}`).flatMap(mirror =>
            Array.from({ length: shards }, (_, shard) => ({ mirror, shard, reportedAtMs: undefined })),
          )
          const manifests: Manifest[] = []
          for (let at = 0; at < filters; at++)
            manifests.push(placed(submitted, choosePlace(places, manifests, 0)!, tried, now))
          for (const key of ['mirror', 'shard'] as const) {
            const keyOf = (place: Placement | null): string =>
              key === 'mirror' ? `${place?.mirror}` : JSON.stringify(place)
            const loads = new Map(places.map(({ mirror, shard }) => [keyOf({ mirror, shard }), 0]))
            for (const { placement } of manifests) loads.set(keyOf(placement), (loads.get(keyOf(placement)) ?? 0) + 1)
            expect(Math.max(...loads.values()) - Math.min(...loads.values())).toBeLessThanOrEqual(1)
          }
        },
      ),
    )
  })
  test('leaves out silent shards while another answers, and deleted filters always', () => {
    const candidates = candidatesOf(
      ['a', 'b', 'new'],
      [report('a', 0, 2, long), report('a', 1, 2), report('b', 0, 1, long)],
    )
    expect(candidates.map(({ mirror, shard }) => `${mirror}/${shard}`)).toEqual(['a/0', 'a/1', 'b/0', 'new/0'])
    const there = { mirror: 'a', shard: 1 }
    expect(choosePlace(candidates, [placed(submitted, there, tried, now)], nowMs)).toEqual(there)
    const silent = candidates.filter(({ reportedAtMs }) => reportedAtMs !== nowMs)
    const first = { mirror: 'a', shard: 0 }
    expect(choosePlace(silent, [deleted(placed(submitted, first, tried, now), now)], nowMs)).toEqual(first)
    expect(choosePlace([], [], nowMs)).toBeUndefined()
  })
  test('a node is what its shards report, and names those that are silent or have never reported', () => {
    const gap = { lane: 'live.lsst', topic: 'lsst-alerts-v11', partition: 0, from: '1', to: '9', at: now }
    const reports = [{ ...report('a', 0, 3), gaps: [gap] }, report('a', 1, 3, long), report('b', 0, 1, long)]
    expect(nodesOf(reports, nowMs)).toEqual([
      {
        mirror: 'a',
        shards: 3,
        silentShards: [1, 2],
        silent: false,
        filters: 4,
        lagAlerts: 6,
        gaps: [gap],
        updatedAt: now,
      },
      expect.objectContaining({ mirror: 'b', silentShards: [0], silent: true }),
    ])
  })
})

describe('the stage', () => {
  test('is live only once the node reports this version and generation', () => {
    expect(stageOf(active, undefined, undefined)).toBe('starting')
    expect(stageOf(active, status, undefined)).toBe('live')
    expect(stageOf(resumed(active, now), status, undefined)).toBe('starting')
    expect(stageOf(active, { ...status, version: 2 }, undefined)).toBe('starting')
  })
  test('of a submission is that of its job', () => {
    expect(stageOf(submitted, undefined, 'trying')).toBe('trying')
    expect(stageOf(submitted, undefined, undefined)).toBe('queued')
  })
})

describe('a report', () => {
  test('of a filter that has no lane yet, or of a node with gaps, is taken as it is', () => {
    const status = {
      filter: submitted.id,
      mirror: 'node1',
      shard: 0,
      state: 'catching-up',
      version: 1,
      generation: 1,
      lane: null,
      visits: [],
      cpuMs: 0,
      updatedAt: now,
      lastError: { message: 'x', line: 2 },
    }
    expect(Value.Parse(StatusValue, status)).toEqual(status)
    const gap = { lane: 'live.lsst', topic: 'lsst-alerts-v11', partition: 0, from: '1', to: '9', at: now }
    const node = { mirror: 'node1', shard: 0, shards: 1, filters: 0, lagAlerts: 0, gaps: [gap], updatedAt: now }
    expect(Value.Parse(StatusValue, node)).toEqual(node)
  })
})

describe('a filter that moves', () => {
  const later = '2026-11-21T00:01:00.000Z'
  const [node1, node2] = ['node1', 'node2'].map(mirror => ({ mirror, shard: 1 })) as [Placement, Placement]
  const moving = movingTo(active, status, node2, later)
  const cut = { at: later, sinceMs: 5, visits: ['7'] }

  test('stays where it is until its node has let go of this very move, and is then placed elsewhere', () => {
    expect(moving.placement).toEqual(active.placement)
    expect(handedOver(moving, status, 0)).toBeUndefined()
    expect(handedOver(moving, { ...status, cut: { ...cut, at: now } }, 0)).toBeUndefined()
    const moved = handedOver(moving, { ...status, cut }, Date.parse(later))
    expect(moved).toMatchObject({
      placement: node2,
      handover: { ...cut, from: active.placement },
    })
    expect(moved).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, moved)).toBe(true)
  })
  test('moves on only when its old node has finished, and forgets the move a day later', () => {
    const moved = handedOver(moving, { ...status, cut }, Date.parse(later))
    if (moved === undefined) throw new Error('it was not handed over')
    expect(() => movingTo(moved, undefined, node1, later)).toThrow(conflict)
    const untilMs = Date.parse(moved.handover?.until ?? '')
    expect(movingTo(moved, undefined, node1, new Date(untilMs).toISOString()).moving).toBeDefined()
    expect(pastHandover(moved, untilMs)).toBeUndefined()
    expect(pastHandover(moved, untilMs + 86_400_001)).toEqual(moved.handover)
  })
  test('is placed elsewhere at once when its mirror is lost: visits that were reported are given up, all others begin there', () => {
    const visits = [
      { visit: '7', firstMs: 1000 },
      { visit: '8', firstMs: 3000 },
    ].map(visit => ({ ...visit, seen: 1, passed: 1, delivered: 1, overCap: 0, errors: 0 }))
    const moved = forcedTo(moving, { ...status, visits }, node2, now)
    expect(moved).toMatchObject({
      placement: node2,
      handover: { from: active.placement, at: now, sinceMs: 3000, visits: ['7', '8'], until: now },
    })
    expect(moved).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, moved)).toBe(true)
    expect(forcedTo(active, undefined, node2, now).handover).toMatchObject({
      sinceMs: Date.parse(now),
      visits: [],
    })
    expect(() => forcedTo(active, status, node1, now)).toThrow(conflict)
  })
  test('is refused when it does not run, runs there already, or there is no such mirror', () => {
    expect(() => movingTo(paused(active, now), status, node2, now)).toThrow(conflict)
    expect(() => movingTo(active, { ...status, state: 'suspended' }, node2, now)).toThrow(conflict)
    expect(() => movingTo(active, status, node1, now)).toThrow(conflict)
    expect(() => movingTo(active, status, { mirror: 'node3', shard: undefined }, now)).toThrow(
      expect.objectContaining({ code: 'API_REQUEST_INVALID' }),
    )
    expect(movingTo(moving, status, node2, now)).toBe(moving)
  })
})
