import { describe, expect, test } from 'vitest'
import { Manifest, type Placement } from '#filters'
import { Value } from 'typebox/value'
import { paused } from './manifest-changes.ts'
import { active, now, status } from './manifests.fixture.ts'
import { forcedTo, handedOver, movingTo, pastHandover } from './move-rules.ts'

const conflict = expect.objectContaining({ code: 'API_STATE_CONFLICT' })

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
