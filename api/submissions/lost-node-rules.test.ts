import { describe, expect, test } from 'vitest'
import { Manifest, type Placement } from '#filters'
import { Value } from 'typebox/value'
import { finishedByLoss, forcedTo, retargeted } from './lost-node-rules.ts'
import { active, now, status } from './manifests.fixture.ts'
import { handedOver, movingTo, moveTimes } from './move-rules.ts'

describe('a filter whose node is lost', () => {
  const later = '2026-11-21T00:01:00.000Z'
  const [node1, node2, node3] = ['node1', 'node2', 'node3'].map(mirror => ({ mirror, shard: 1 })) as [
    Placement,
    Placement,
    Placement,
  ]
  const times = moveTimes({ finishMinutes: 30, lateMinutes: 10, keepDays: 7 })
  const moving = movingTo(active, { ...node2, status, lateMs: times.lateMs, now: later })
  const cut = { at: later, sinceMs: 5, visits: ['7'] }
  const moved = handedOver(moving, { ...status, cut }, times, Date.parse(later))!
  const there = { ...status, mirror: 'node2', shard: 1 }
  const conflict = expect.objectContaining({ code: 'API_STATE_CONFLICT' })
  const visits = [
    { visit: '7', firstMs: 1000 },
    { visit: '8', firstMs: 3000 },
  ].map(visit => ({ ...visit, seen: 1, passed: 1, delivered: 1, overCap: 0, errors: 0 }))

  test('is placed elsewhere at once: visits that were reported are given up, all others begin there, and its author is told', () => {
    const forced = forcedTo(moving, { ...node2, status: { ...status, visits }, now })
    expect(forced).toMatchObject({
      placement: node2,
      handover: { from: active.placement, at: now, sinceMs: 3000, visits: ['7', '8'], until: now },
      lost: [{ mirror: 'node1', at: now, visits: ['7', '8'], beforeMs: 3000 }],
    })
    expect(forced).not.toHaveProperty('moving')
    expect(Value.Check(Manifest, forced)).toBe(true)
    expect(forcedTo(active, { ...node2, status: undefined, now }).handover).toMatchObject({
      sinceMs: Date.parse(now),
      visits: [],
    })
    expect(() => forcedTo(active, { ...node1, status, now })).toThrow(conflict)
  })

  test('and that came there from another keeps apart what the first one has delivered', () => {
    const forced = forcedTo(moved, { ...node3, status: undefined, now: later })
    expect(forced.handover).toMatchObject({ from: node2, sinceMs: 5, visits: ['7'] })
    expect(forced.formerly?.map(({ mirror }) => mirror)).toEqual(['node1'])
    expect(forcedTo(moved, { ...node3, status: { ...there, visits }, now: later }).handover).toMatchObject({
      sinceMs: 3000,
      visits: ['7', '8'],
    })
  })

  test('and was on its way there, goes elsewhere from where its present node has let go of it', () => {
    expect(retargeted(moving, node3, now).moving).toEqual({ ...moving.moving, to: node3 })
    expect(retargeted(active, node3, now)).toBe(active)
  })

  test('before that has finished what it kept, gives that up, and its author is told', () => {
    const after = finishedByLoss(moved, 'node1', later)
    expect(after).toMatchObject({
      placement: node2,
      handover: { until: later },
      lost: [{ mirror: 'node1', visits: ['7'], beforeMs: 5 }],
    })
    expect(finishedByLoss(after!, 'node1', later)).toBeUndefined()
    expect(finishedByLoss(moved, 'node2', later)).toBeUndefined()
    expect(finishedByLoss(moved, 'node1', moved.handover!.until)).toBeUndefined()
  })
})
