import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Manifest } from '#filters'
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
} from './manifest-rules.ts'
import { forcedTo, handedOver, movingTo, pastHandover } from './moving.ts'
import { chooseMirror } from './placement.ts'
import { stageOf } from './stage.ts'
import { type FilterStatus, StatusValue } from './status.ts'

const now = '2026-11-21T00:00:00.000Z'
const submitted = newManifest(
  { name: 'bright', language: 'javascript', source: 'export const filter = () => true' },
  { id: 'f0123456789', owner: 'alice', description: '', now },
  { cap: 20, stream: 'lsst' },
)
const active = placed(submitted, 'node1', now)
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
    expect(() => withActive(submitted, 2, now)).toThrow(expect.objectContaining({ code: 'API_VERSION_UNKNOWN' }))
  })
  test('takes the same source twice as one version', () => {
    const twice = withVersion(active, { language: 'javascript', source: 'export const filter = () => true' }, now)
    expect(twice).toMatchObject({ isNew: false, manifest: active, version: { number: 1 } })
  })
  test('takes another source as the next version, which does not run yet', () => {
    const { manifest, version } = withVersion(active, { language: 'typescript', source: 'x' }, now)
    expect(version.number).toBe(2)
    expect(manifest).toMatchObject({ active: 1, state: 'active' })
    expect(withActive(manifest, 2, now)).toMatchObject({ active: 2, generation: 2 })
  })
  test('rejected starts over with a new version, without its old problems', () => {
    const no = rejected(submitted, [{ message: 'throws', line: 1, pointer: '/source' }], now)
    expect(no.problems).toEqual([{ message: 'throws', line: 1 }])
    expect(withVersion(no, { language: 'javascript', source: 'y' }, now).manifest).toMatchObject({
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
  test('spreads filters so that no two mirrors differ by more than one', () => {
    assert(
      property(integer({ min: 1, max: 5 }), integer({ min: 0, max: 40 }), (mirrors, filters) => {
        const names = Array.from({ length: mirrors }, (_, index) => ({ name: `node${index}`, reportedAtMs: undefined }))
        const manifests: Manifest[] = []
        for (let index = 0; index < filters; index++)
          manifests.push(placed(submitted, chooseMirror(names, manifests, 0)!, now))
        const loads = names.map(({ name }) => manifests.filter(({ placement }) => placement?.mirror === name).length)
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      }),
    )
  })
  test('leaves out silent mirrors while another answers, and deleted filters always', () => {
    const nowMs = 1_000_000
    const candidates = [
      { name: 'silent', reportedAtMs: 0 },
      { name: 'awake', reportedAtMs: nowMs - 5000 },
    ]
    expect(chooseMirror(candidates, [placed(submitted, 'awake', now)], nowMs)).toBe('awake')
    expect(
      chooseMirror(
        [
          { name: 'a', reportedAtMs: 0 },
          { name: 'b', reportedAtMs: 0 },
        ],
        [deleted(placed(submitted, 'a', now), now)],
        nowMs,
      ),
    ).toBe('a')
    expect(chooseMirror([], [], nowMs)).toBeUndefined()
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
    const node = { mirror: 'node1', shards: 1, filters: 0, lagAlerts: 0, gaps: [gap], updatedAt: now }
    expect(Value.Parse(StatusValue, node)).toEqual(node)
  })
})

describe('a filter that moves', () => {
  const later = '2026-11-21T00:01:00.000Z'
  const moving = movingTo(active, status, 'node2', true, later)
  const cut = { at: later, sinceMs: 5, visits: ['7'] }

  test('stays where it is until its node has let go of this very move, and is then placed elsewhere', () => {
    expect(moving.placement).toEqual(active.placement)
    expect(handedOver(moving, status, 0)).toBeUndefined()
    expect(handedOver(moving, { ...status, cut: { ...cut, at: now } }, 0)).toBeUndefined()
    const moved = handedOver(moving, { ...status, cut }, Date.parse(later))
    expect(moved).toMatchObject({
      placement: { mirror: 'node2', shard: 0 },
      handover: { ...cut, from: active.placement },
    })
    expect(moved).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, moved)).toBe(true)
  })
  test('moves on only when its old node has finished, and forgets the move a day later', () => {
    const moved = handedOver(moving, { ...status, cut }, Date.parse(later))
    if (moved === undefined) throw new Error('it was not handed over')
    expect(() => movingTo(moved, undefined, 'node1', true, later)).toThrow(conflict)
    const untilMs = Date.parse(moved.handover?.until ?? '')
    expect(movingTo(moved, undefined, 'node1', true, new Date(untilMs).toISOString()).moving).toBeDefined()
    expect(pastHandover(moved, untilMs)).toBeUndefined()
    expect(pastHandover(moved, untilMs + 86_400_001)).toEqual(moved.handover)
  })
  test('is placed elsewhere at once when its mirror is lost: visits that were reported are given up, all others begin there', () => {
    const visits = [
      { visit: '7', firstMs: 1000 },
      { visit: '8', firstMs: 3000 },
    ].map(visit => ({ ...visit, seen: 1, passed: 1, delivered: 1, overCap: 0, errors: 0 }))
    const moved = forcedTo(moving, { ...status, visits }, 'node2', true, now)
    expect(moved).toMatchObject({
      placement: { mirror: 'node2', shard: 0 },
      handover: { from: active.placement, at: now, sinceMs: 3000, visits: ['7', '8'], until: now },
    })
    expect(moved).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, moved)).toBe(true)
    expect(forcedTo(active, undefined, 'node2', true, now).handover).toMatchObject({
      sinceMs: Date.parse(now),
      visits: [],
    })
    expect(() => forcedTo(active, status, 'node1', true, now)).toThrow(conflict)
  })
  test('is refused when it does not run, runs there already, or there is no such mirror', () => {
    expect(() => movingTo(paused(active, now), status, 'node2', true, now)).toThrow(conflict)
    expect(() => movingTo(active, { ...status, state: 'suspended' }, 'node2', true, now)).toThrow(conflict)
    expect(() => movingTo(active, status, 'node1', true, now)).toThrow(conflict)
    expect(() => movingTo(active, status, 'node3', false, now)).toThrow(
      expect.objectContaining({ code: 'API_REQUEST_INVALID' }),
    )
    expect(movingTo(moving, status, 'node2', true, now)).toBe(moving)
  })
})
