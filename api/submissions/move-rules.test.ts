import { describe, expect, test } from 'vitest'
import { Manifest, type Placement } from '#filters'
import { Value } from 'typebox/value'
import { deleted, paused } from './manifest-changes.ts'
import { active, now, report, status } from './manifests.fixture.ts'
import { endedEarly, handedOver, movingTo, moveTimes, pastHandover, pastPlaces } from './move-rules.ts'

const conflict = expect.objectContaining({ code: 'API_STATE_CONFLICT' })
const MINUTE = 60_000
const times = moveTimes({ finishMinutes: 30, lateMinutes: 10, keepDays: 7 })
const { lateMs } = times

describe('a filter that moves', () => {
  const later = '2026-11-21T00:01:00.000Z'
  const laterMs = Date.parse(later)
  const [node1, node2, node3] = ['node1', 'node2', 'node3'].map(mirror => ({ mirror, shard: 1 })) as [
    Placement,
    Placement,
    Placement,
  ]
  const moving = movingTo(active, { ...node2, status, lateMs, now: later })
  const cut = { at: later, sinceMs: 5, visits: ['7'] }
  const moved = handedOver(moving, { ...status, cut }, times, laterMs)!
  const untilMs = laterMs + 30 * MINUTE
  const there = { ...status, mirror: 'node2', shard: 1 }

  test('stays where it is until its node has let go of this very move, and is then placed elsewhere', () => {
    expect(moving.placement).toEqual(active.placement)
    expect(handedOver(moving, status, times, 0)).toBeUndefined()
    expect(handedOver(moving, { ...status, cut: { ...cut, at: now } }, times, 0)).toBeUndefined()
    expect(handedOver(moving, { ...there, cut }, times, 0)).toBeUndefined()
    expect(moved).toMatchObject({
      placement: node2,
      handover: { ...cut, from: active.placement, lateMs, until: new Date(untilMs).toISOString() },
    })
    expect(moved).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, moved)).toBe(true)
  })

  test('takes along what it was measured to cost', () => {
    const measured = { ...status, cpuMs: 12.5, cpuAlerts: 5000, cut }
    expect(handedOver(moving, measured, times, laterMs)?.handover?.cpu).toEqual({ ms: 12.5, alerts: 5000 })
    expect(moved.handover).not.toHaveProperty('cpu')
  })

  test('moves as it is: paused it stays paused, and suspended it takes along why, for the generation that it is suspended in', () => {
    const still = movingTo(paused(active, now), {
      ...node2,
      status: { ...status, state: 'paused' },
      lateMs,
      now: later,
    })
    expect(handedOver(still, { ...status, state: 'paused', cut }, times, laterMs)?.state).toBe('paused')
    const reason = 'timeout: took 1.2 s: too long'
    const suspended = { ...status, state: 'suspended', reason, line: 3, cut } as const
    expect(handedOver(moving, suspended, times, laterMs)?.handover?.suspension).toEqual({
      generation: 1,
      reason: 'timeout',
      message: 'took 1.2 s: too long',
      line: 3,
      at: now,
    })
    expect(moved.handover).not.toHaveProperty('suspension')
  })

  test('moves on only when its old node has finished and the new one has caught up, and forgets the move a day later', () => {
    const on = (nowMs: number, known = there) => ({
      ...node3,
      status: known,
      lateMs,
      now: new Date(nowMs).toISOString(),
    })
    expect(() => movingTo(moved, on(laterMs))).toThrow(conflict)
    expect(() => movingTo(moved, on(untilMs, status))).toThrow(conflict)
    expect(() => movingTo(moved, on(untilMs, { ...there, state: 'catching-up', waitsFor: 'an engine' }))).toThrow(
      /not caught up with it since it came from node1: an engine/,
    )
    expect(movingTo(moved, on(untilMs)).moving).toMatchObject({ to: node3, lateMs })
    expect(pastHandover(moved, untilMs)).toBeUndefined()
    expect(pastHandover(moved, untilMs + 86_400_001)).toEqual(moved.handover)
  })

  test('is waited for no longer than its old node needs, with a minute’s notice to both', () => {
    const over = [{ filter: active.id, at: later }]
    const from = { ...report('node1', 0, 1), over }
    expect(endedEarly(moved, [report('node1', 0, 1)], times, laterMs)).toBeUndefined()
    expect(
      endedEarly(
        moved,
        [
          { ...from, shard: 1 },
          { ...from, mirror: 'node2' },
        ],
        times,
        laterMs,
      ),
    ).toBeUndefined()
    expect(endedEarly(moved, [{ ...from, over: [{ filter: active.id, at: now }] }], times, laterMs)).toBeUndefined()
    const ended = endedEarly(moved, [from], times, laterMs)
    expect(ended?.handover?.until).toBe(new Date(laterMs + MINUTE).toISOString())
    expect(endedEarly(ended!, [from], times, laterMs + 1)).toBeUndefined()
    expect(endedEarly(moved, [from], times, untilMs - MINUTE)).toBeUndefined()
  })

  test('leaves its old topic readable for a week after its old node has finished, also when it moves on meanwhile', () => {
    const left = { ...active.placement, until: new Date(untilMs + 7 * 1440 * MINUTE).toISOString() }
    expect(moved.formerly).toEqual([left])
    const on = movingTo(moved, { ...node3, status: there, lateMs, now: new Date(untilMs).toISOString() })
    const there2 = { ...there, cut: { ...cut, at: on.moving!.at } }
    const again = handedOver(on, there2, times, untilMs)!
    expect(again.formerly?.map(({ mirror }) => mirror)).toEqual(['node2', 'node1'])
    const served = (): boolean => true
    expect(pastPlaces(again, served, untilMs)).toEqual([])
    expect(pastPlaces(again, served, Date.parse(left.until))).toEqual([left])
    expect(pastPlaces(again, mirror => mirror !== 'node2', untilMs).map(({ mirror }) => mirror)).toEqual(['node2'])
    const back = { ...again, moving: { to: node1, at: later } }
    expect(pastPlaces(back, served, Date.parse(left.until))).toEqual([])
    const home = handedOver(back, { ...status, mirror: 'node3', cut }, times, untilMs)
    expect(home?.formerly?.map(({ mirror }) => mirror)).toEqual(['node3', 'node2'])
  })

  test('is refused when it is deleted, runs there already, or there is no such mirror', () => {
    const request = { ...node2, status, lateMs, now }
    expect(() => movingTo(deleted(active, now), request)).toThrow(conflict)
    expect(() => movingTo(active, { ...request, ...node1 })).toThrow(conflict)
    expect(() => movingTo(active, { ...request, mirror: 'node3', shard: undefined })).toThrow(
      expect.objectContaining({ code: 'API_REQUEST_INVALID' }),
    )
    expect(movingTo(moving, request)).toBe(moving)
    expect(() => movingTo(moving, { ...request, ...node3 })).toThrow(conflict)
  })
})
