import { describe, expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { deleted } from '../submissions/manifest-changes.ts'
import { active, now } from '../submissions/manifests.fixture.ts'
import {
  cordoned,
  freeName,
  invitedAgain,
  leaving,
  placedByNode,
  requireUnused,
  uncordoned,
  useOf,
} from './node-changes.ts'
import { expectedNode, joinedNode } from './nodes.fixture.ts'

const later = '2026-11-21T00:10:00.000Z'
const invitation = { tokenId: 'x', sha256: '0'.repeat(64), expiresAt: later }
const inState = expect.objectContaining({ code: 'API_NODE_STATE' })

test('a name that nobody gave is the first number that is free', () => {
  expect(freeName(() => false)).toBe('node1')
  expect(freeName(name => ['node1', 'node2', 'node4'].includes(name))).toBe('node3')
})

test('a node that is expected is invited again, keeping what is not said anew; one that has joined is not', () => {
  const first = { ...expectedNode, labels: { rack: 'a' }, limits: { filters: 5 } }
  expect(invitedAgain(first, { limits: {} }, [invitation], later)).toMatchObject({
    labels: { rack: 'a' },
    limits: {},
    invitation,
    createdAt: now,
    updatedAt: later,
  })
  for (const state of ['active', 'cordoned', 'draining', 'removing'] as const)
    expect(() => invitedAgain({ ...joinedNode, state }, {}, [invitation], later)).toThrow(
      expect.objectContaining({ code: 'API_NAME_TAKEN' }),
    )
})

describe('a cordon', () => {
  test('keeps new filters away, whatever the node did before, and is taken away again', () => {
    const closed = cordoned(joinedNode, later)
    expect(closed).toMatchObject({ state: 'cordoned', updatedAt: later })
    expect(cordoned(closed, now)).toBe(closed)
    expect(cordoned({ ...joinedNode, state: 'draining' }, later).state).toBe('cordoned')
    expect(uncordoned(closed, later)).toMatchObject({ state: 'active' })
    expect(uncordoned(joinedNode, later)).toBe(joinedNode)
  })
  test('is nothing for a node that has not joined or is being removed', () => {
    for (const record of [expectedNode, leaving(joinedNode, later)])
      for (const change of [cordoned, uncordoned]) expect(() => change(record, later)).toThrow(inState)
  })
})

describe('a node is in use', () => {
  const there = { ...active, placement: { mirror: 'node3', shard: 0 } }
  const coming: Manifest = { ...active, moving: { to: { mirror: 'node3', shard: 0 }, at: now } }
  const gone: Manifest = {
    ...active,
    handover: { from: { mirror: 'node3', shard: 0 }, at: now, sinceMs: 0, visits: [], until: later },
  }
  const use = (...manifests: Manifest[]) => useOf('node3', manifests, Date.parse(now))

  test('while filters are there, come or are finished there; a deleted one does not count', () => {
    expect(use(there, there, coming, gone, active, deleted(there, now))).toEqual({ placed: 2, coming: 1, finishing: 1 })
    expect(useOf('node3', [gone], Date.parse(later)).finishing).toBe(0)
    expect(placedByNode([there, there, active, deleted(there, now)])).toEqual(
      new Map([
        ['node3', 2],
        ['node1', 1],
      ]),
    )
  })
  test('and then not removed: how many there are is said, and what to do', () => {
    expect(() => requireUnused('node3', use())).not.toThrow()
    expect(() => requireUnused('node3', use(there, there))).toThrow(/has 2 filters\. Give .*node drain node3/)
    expect(() => requireUnused('node3', use(coming))).toThrow(/destination of 1 filter/)
    expect(() => requireUnused('node3', use(gone))).toThrow(/still finishes visits of 1 filter .*Try again/)
    expect(() => requireUnused('node3', use(gone))).toThrow(expect.objectContaining({ code: 'API_NODE_IN_USE' }))
  })
})
