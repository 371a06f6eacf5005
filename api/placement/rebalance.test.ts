import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { shareOf, takesNone } from './choose-place.ts'
import { NodeLoads } from './node-load.ts'
import { anyNode, filter, node, nowMs, reported } from './placement.fixture.ts'
import { planRebalance, type PlannedMove } from './rebalance.ts'

const done = (manifests: readonly Manifest[], moves: readonly PlannedMove[]): Manifest[] => {
  const to = new Map(moves.map(move => [move.filter, move.to]))
  return manifests.map(manifest => ({ ...manifest, placement: to.get(manifest.id) ?? manifest.placement }))
}
const names = ['a', 'b', 'c'] as const
const filters = fc
  .array(fc.record({ mirror: fc.constantFrom(...names), cpuMs: fc.nat(2000) }), { maxLength: 30 })
  .map(all => ({ manifests: all.map(({ mirror }, at) => filter(at, mirror)), cpuMs: all.map(one => one.cpuMs) }))

describe('a rebalance', () => {
  test('makes the fullest node less full, moves each filter once, and takes no node over its limit', () => {
    fc.assert(
      fc.property(fc.tuple(anyNode('a'), anyNode('b'), anyNode('c')), filters, (nodes, { manifests, cpuMs }) => {
        const statusOf = reported(manifests, cpuMs)
        const moves = planRebalance({ nodes, manifests, statusOf, nowMs })
        const after = done(manifests, moves)
        const open = nodes.filter(one => takesNone(one, nowMs) === undefined)
        const fullest = (all: readonly Manifest[]): number =>
          Math.max(0, ...open.map(one => shareOf(one, new NodeLoads(all, statusOf))))
        if (moves.length > 0) expect(fullest(after)).toBeLessThanOrEqual(fullest(manifests))
        expect(new Set(moves.map(move => move.filter)).size).toBe(moves.length)
        for (const { name, maxFilters = Infinity } of open) {
          const [before, now] = [manifests, after].map(all => new NodeLoads(all, statusOf).ofNode(name).filters)
          expect(now).toBeLessThanOrEqual(Math.max(before ?? 0, maxFilters))
        }
        expect(planRebalance({ nodes, manifests, statusOf, nowMs })).toEqual(moves)
      }),
    )
  })

  const [a, b] = [node('a'), node('b')]
  const plan = (manifests: readonly Manifest[]) =>
    planRebalance({ nodes: [a, b], manifests, statusOf: reported(manifests), nowMs })
  const onA = (count: number, changes: Partial<Manifest> = {}): Manifest[] =>
    Array.from({ length: count }, (_, at) => filter(at, 'a', changes))

  test('gives a node that has joined its share', () => {
    const manifests = onA(10)
    const moves = plan(manifests)
    expect(moves).toHaveLength(5)
    expect(moves[0]).toMatchObject({ from: { mirror: 'a' }, to: { mirror: 'b', shard: 0 } })
    expect(plan(done(manifests, moves))).toEqual([])
  })

  test('leaves a system as it is whose fullest node has less than a fifth more to do', () => {
    const others = Array.from({ length: 9 }, (_, at) => filter(100 + at, 'b'))
    expect(plan([...onA(10), ...others])).toEqual([])
    expect(plan([...onA(12), ...others])).toHaveLength(1)
  })

  test('moves no filter that has moved within a day, is on its way, or would only change places', () => {
    const from = { mirror: 'b', shard: 0 }
    const at = (ms: number): string => new Date(nowMs - ms).toISOString()
    const handover = (ms: number) => ({ from, at: at(ms), until: at(ms), sinceMs: 0, visits: [] })
    expect(plan(onA(4, { handover: handover(86_000_000) }))).toEqual([])
    expect(plan(onA(4, { handover: handover(86_500_000) }))).toHaveLength(2)
    expect(plan(onA(4, { moving: { to: { mirror: 'a', shard: 0 }, at: at(0) } }))).toEqual([])
    expect(plan(onA(1))).toEqual([])
  })

  test('takes nothing from nodes that are drained, and gives nothing to those that are cordoned', () => {
    const manifests = onA(10)
    const statusOf = reported(manifests)
    const moves = (nodes: Parameters<typeof planRebalance>[0]['nodes']) =>
      planRebalance({ nodes, manifests, statusOf, nowMs })
    expect(moves([a, node('b', { state: 'cordoned' })])).toEqual([])
    expect(moves([node('a', { state: 'draining' }), b])).toEqual([])
  })
})
