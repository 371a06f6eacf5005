import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'
import { type NodeRecord } from '../control/node-records.ts'
import { drained, drainStep, isInFlight, MOVES_AT_ONCE } from './drain.ts'
import { anyNode, filter, node, nowMs, reported, reportOf } from './placement.fixture.ts'
import { type PlaceableNode } from './placeable-node.ts'

const MINUTE = 60_000
const at = (ms: number): string => new Date(nowMs - ms).toISOString()
const leaving = node('a', { state: 'draining' })
const onA = (count: number, changes: Partial<Manifest> = {}): Manifest[] =>
  Array.from({ length: count }, (_, index) => filter(index, 'a', changes))
const step = (
  manifests: readonly Manifest[],
  nodes: readonly PlaceableNode[] = [leaving, node('b'), node('c')],
  statusOf: (id: string) => FilterStatus | undefined = reported(manifests),
) => drainStep('a', { nodes, manifests, statusOf, nowMs })
const toB = { to: { mirror: 'b', shard: 0 }, at: at(0) }
const from = { mirror: 'a', shard: 0 }
const handover = { from, at: at(MINUTE), until: at(-29 * MINUTE), sinceMs: 0, visits: [] }

describe('a drain', () => {
  test('moves ten filters at a time, to where they would be placed', () => {
    const { moves, left, moving, stuck } = step(onA(25))
    expect([moves.length, left, moving, stuck]).toEqual([MOVES_AT_ONCE, 25, 0, []])
    const to = Map.groupBy(moves, move => move.to.mirror)
    expect([to.get('b')?.length, to.get('c')?.length]).toEqual([5, 5])
    const [moved, rest] = [onA(7, { moving: toB }), onA(25).slice(7)]
    expect(step([...moved, ...rest])).toMatchObject({ left: 25, moving: 7, moves: { length: 3 } })
  })

  test('counts filters that have gone and not caught up as on their way, and those that are live as gone', () => {
    const gone = onA(10, { placement: { mirror: 'b', shard: 0 }, handover })
    const [late, live] = (['catching-up', 'live'] as const).map(
      state => (id: string) => reportOf(filter(0, 'b', { id }), 'b', { state }),
    )
    const all = [...gone, filter(50, 'a')]
    expect(step(all, undefined, late)).toMatchObject({ moves: [], left: 1, finishing: 10, finishedAt: handover.until })
    expect(step(all, undefined, live).moves).toHaveLength(1)
  })

  test('tells of deliveries that can still be read there, and go with the node', () => {
    const left = { mirror: 'a', shard: 0 }
    const formerly = [
      { ...left, until: at(-5) },
      { mirror: 'c', shard: 0, until: at(-9) },
    ]
    const gone = [filter(0, 'b', { formerly }), filter(1, 'b', { formerly: [{ ...left, until: at(5) }] })]
    expect(step(gone)).toMatchObject({ left: 0, readable: 1, readableUntil: at(-5) })
    expect(step(onA(1))).toMatchObject({ readable: 0, readableUntil: undefined })
  })

  test('takes paused and suspended filters along', () => {
    const [paused, suspended] = [filter(0, 'a', { state: 'paused' }), filter(1, 'a')]
    const statusOf = (id: string): FilterStatus => reportOf(filter(0, 'a', { id }), 'a', { state: 'suspended' })
    expect(step([paused, suspended], undefined, statusOf)).toMatchObject({ moves: { length: 2 }, stuck: [] })
  })

  test('says of each filter that cannot go why, and goes on with the others', () => {
    const labelled = filter(0, 'a', { labels: { site: 'x' } })
    const back = filter(1, 'a', { handover: { ...handover, from: { mirror: 'c', shard: 0 } } })
    const slow = filter(2, 'a', { moving: { ...toB, at: at(11 * MINUTE) } })
    const { moves, stuck } = step([labelled, back, slow, filter(3, 'a')])
    expect(moves.map(move => move.filter)).toEqual([filter(3).id])
    expect(stuck.map(({ why }) => why)).toEqual([
      'no node can take it now: b: it lacks the label site=x; c: it lacks the label site=x',
      expect.stringContaining('c still finishes visits of it'),
      expect.stringContaining('a has not let go of it'),
    ])
  })

  test('of anything never begins more than ten moves, never to the node itself, and accounts for every filter', () => {
    const anyFilter = fc.record({ moving: fc.boolean(), mirror: fc.constantFrom('a', 'a', 'a', 'b') })
    fc.assert(
      fc.property(anyNode('b'), anyNode('c'), fc.array(anyFilter, { maxLength: 40 }), (b, c, all) => {
        const manifests = all.map(({ moving, mirror }, index) => filter(index, mirror, moving ? { moving: toB } : {}))
        const { moves, left, moving, stuck } = step(manifests, [leaving, b, c])
        const inFlight = manifests.filter(one => isInFlight(one, undefined, nowMs)).length
        expect(moves.length).toBeLessThanOrEqual(Math.max(0, MOVES_AT_ONCE - inFlight))
        expect(moves.every(({ to }) => to.mirror !== 'a')).toBe(true)
        expect(left).toBe(all.filter(({ mirror }) => mirror === 'a').length)
        if (inFlight < MOVES_AT_ONCE && moves.length < MOVES_AT_ONCE - inFlight)
          expect(moves.length + stuck.length + moving).toBe(left)
      }),
    )
  })
})

test('a filter that takes long to move, or rests where it has come to, holds up no others', () => {
  const moving = (ms: number) => filter(0, 'a', { moving: { ...toB, at: at(ms) } })
  expect([isInFlight(moving(0), undefined, nowMs), isInFlight(moving(10 * MINUTE), undefined, nowMs)]).toEqual([
    true,
    false,
  ])
  const come = filter(0, 'b', { handover })
  const status = (state: FilterStatus['state'], mirror = 'b') => reportOf(come, mirror, { state })
  expect(isInFlight(come, status('live', 'a'), nowMs)).toBe(true)
  expect(isInFlight(come, status('catching-up'), nowMs)).toBe(true)
  expect((['live', 'suspended', 'failed'] as const).some(state => isInFlight(come, status(state), nowMs))).toBe(false)
  expect(isInFlight({ ...come, state: 'paused' }, undefined, nowMs)).toBe(false)
})

describe('a drain begins', () => {
  const record = { name: 'a', state: 'active', updatedAt: at(0) } as NodeRecord
  const begin = (changes: Partial<NodeRecord>, ...others: readonly PlaceableNode[]): NodeRecord =>
    drained({ ...record, ...changes }, { nodes: [node('a'), ...others], nowMs }, at(-1))

  test('of a node that is active or cordoned, while another takes filters', () => {
    for (const state of ['active', 'cordoned'] as const)
      expect(begin({ state }, node('b'))).toMatchObject({ state: 'draining', updatedAt: at(-1) })
    const under = { ...record, state: 'draining' as const }
    expect(drained(under, { nodes: [], nowMs }, at(-1))).toBe(under)
  })

  test('of the last one that takes filters never, which says why the others do not', () => {
    expect(() => begin({})).toThrow(/it is the only one/)
    expect(() => begin({}, node('b', { state: 'cordoned' }), node('c', { awake: [] }))).toThrow(
      /no other node takes filters now \(b: it is cordoned; c: it has not reported for 0 s\)/,
    )
  })

  test('of one that has not joined, or is being removed, never', () => {
    for (const state of ['expected', 'removing'] as const)
      expect(() => begin({ state }, node('b'))).toThrow(expect.objectContaining({ code: 'API_NODE_STATE' }))
  })
})
