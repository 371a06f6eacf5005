import { assert, constantFrom, property, string, tuple, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { groupsToDelete, isPlacedOn, MAX_EMPTY_GROUPS } from './consumer-groups.ts'

const users = [
  { user: 'alice', account: 'alice' },
  { user: 'alice-second', account: 'alice' },
  { user: 'bob', account: 'bob' },
]
const controlState = { users, isFilterHere: (id: string) => id === 'f0000000001' }
const empty = (id: string) => ({ id, isEmpty: true })
const many = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => empty(`${prefix}${at}`))

test('of an account’s empty groups those that have been so for the longest go, across all of its users', () => {
  const groups = [...many('alice-', 30), ...many('alice-second.', 30), ...many('bob.', 10)]
  const since = new Map(groups.map(({ id }, at) => [id, at]))
  const gone = groupsToDelete(groups, controlState, since)
  expect(gone.toSorted()).toEqual(
    groups
      .slice(0, 60 - MAX_EMPTY_GROUPS)
      .map(({ id }) => id)
      .toSorted(),
  )
})
test('a group that somebody is in stays, and so does one that is nobody’s here', () => {
  const inUse = many('alice.', 100).map(({ id }) => ({ id, isEmpty: false }))
  expect(groupsToDelete([...inUse, ...many('console-consumer-', 100)], controlState, new Map())).toEqual([])
})
test('an empty group whose name is longer than a topic’s goes', () => {
  const long = `bob.${'x'.repeat(20_000)}`
  expect(groupsToDelete([empty(long), empty('bob')], controlState, new Map())).toEqual([long])
})
test('the group of a filter goes with the filter', () => {
  const groups = ['filter.f0000000001', 'filter.f0000000002', 'filter.nonsense'].map(empty)
  expect(groupsToDelete(groups, controlState, new Map())).toEqual(['filter.f0000000002', 'filter.nonsense'])
})
test('however they are called, no account keeps more than its number', () => {
  const head = constantFrom('alice', 'alice-', 'alice-second.', 'bob', 'bob-')
  const ids = uniqueArray(
    tuple(head, string()).map(parts => parts.join('')),
    { minLength: 40, maxLength: 200 },
  )
  assert(
    property(ids, all => {
      const gone = new Set(groupsToDelete(all.map(empty), controlState, new Map()))
      const left = all.filter(id => (id === 'bob' || id.startsWith('bob-')) && !gone.has(id))
      expect(left.length).toBeLessThanOrEqual(MAX_EMPTY_GROUPS)
    }),
  )
})

test('a filter is where it is placed, and for a while where it came from', () => {
  const now = Date.parse('2026-11-21T00:00:00Z')
  const from = { mirror: 'node1', shard: 0 }
  const manifest = {
    state: 'active',
    placement: { mirror: 'node2', shard: 0 },
    handover: { from, at: '', sinceMs: 0, visits: [], until: '2026-11-21T00:30:00Z' },
  } as unknown as Manifest
  expect(['node1', 'node2', 'node3'].map(mirror => isPlacedOn(manifest, mirror, now))).toEqual([true, true, false])
  expect(isPlacedOn(manifest, 'node1', now + 1_800_001)).toBe(false)
  expect(isPlacedOn({ ...manifest, state: 'deleted' }, 'node2', now)).toBe(false)
  expect(isPlacedOn(undefined, 'node2', now)).toBe(false)
})
