import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { choosePlace, refusalText, takesNone, whyNot } from './choose-place.ts'
import { costOf, type Placeable } from './filter-cost.ts'
import { NodeLoads } from './node-load.ts'
import { anyNode, filter, node, nowMs, reported } from './placement.fixture.ts'
import { type PlaceableNode } from './placeable-node.ts'

const wanted = (changes: Partial<Placeable> = {}): Placeable => ({
  language: 'javascript',
  labels: {},
  cost: { cores: 0.01, memoryBytes: 5e6 },
  ...changes,
})
const none = (): undefined => undefined
const empty = new NodeLoads([], none)

/** Places filters one after another. */
const fill = (nodes: readonly PlaceableNode[], count: number, cpuMs: readonly number[] = []): Manifest[] => {
  const manifests: Manifest[] = []
  for (let at = 0; at < count; at++) {
    const next = filter(at)
    const loads = new NodeLoads(manifests, reported(manifests, cpuMs))
    const choice = choosePlace(nodes, wanted({ cost: costOf(next, undefined) }), loads, nowMs)
    if (choice.ok) manifests.push({ ...next, state: 'active', placement: choice.place })
  }
  return manifests
}
const countOf = (manifests: readonly Manifest[], mirror: string, shard?: number): number =>
  manifests.filter(({ placement: place }) => place?.mirror === mirror && (shard ?? place.shard) === place.shard).length

describe('a place for a filter', () => {
  test('is on no node that cannot take it, whatever nodes there are; where there is none, each node says why', () => {
    fc.assert(
      fc.property(
        fc.tuple(anyNode('a'), anyNode('b'), anyNode('c')),
        fc.record({
          language: fc.constantFrom('javascript' as const, 'python' as const),
          labels: fc.constantFrom({}, { site: 'a' }),
          cost: fc.record({
            cores: fc.double({ min: 0, max: 1, noNaN: true }),
            memoryBytes: fc.constantFrom(5e6, 2e8),
          }),
        }),
        fc.nat(8),
        (nodes, one, count) => {
          const loads = new NodeLoads(fill(nodes, count), none)
          const choice = choosePlace(nodes, one, loads, nowMs)
          const reasons = nodes.map(each => whyNot(each, one, loads, nowMs))
          const chosen = nodes.find(({ name }) => choice.ok && name === choice.place.mirror)
          if (chosen === undefined) {
            expect(choice).toEqual({
              ok: false,
              reasons: nodes.map(({ name }, at) => ({ node: name, why: reasons[at] })),
            })
            expect(reasons).not.toContain(undefined)
            return
          }
          const { state, isReached, awake, languages, labels, maxFilters = Infinity } = chosen
          expect([state, isReached, awake.length > 0]).toEqual(['active', true, true])
          expect(languages ?? [one.language]).toContain(one.language)
          expect(labels).toMatchObject(one.labels)
          expect(loads.ofNode(chosen.name).filters).toBeLessThan(maxFilters)
          expect(awake).toContain(choice.ok && choice.place.shard)
          expect(choosePlace(nodes.toReversed(), one, loads, nowMs)).toEqual(choice)
        },
      ),
    )
  })

  test('however many are placed, no node has more than its limit', () => {
    fc.assert(
      fc.property(fc.tuple(anyNode('a'), anyNode('b'), anyNode('c')), fc.nat(20), (nodes, count) => {
        const manifests = fill(nodes, count)
        for (const { name, maxFilters = Infinity } of nodes)
          expect(countOf(manifests, name)).toBeLessThanOrEqual(maxFilters)
      }),
    )
  })

  test('spreads filters so that no two shards, and no two nodes with as many cores, differ by more than one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(40),
        (count, shards, filters) => {
          const awake = Array.from({ length: shards }, (_, shard) => shard)
          const nodes = Array.from({ length: count }, (_, at) => node(`node${at}`, { shards, awake }))
          const manifests = fill(nodes, filters)
          expect(manifests).toHaveLength(filters)
          const ofNodes = nodes.map(({ name }) => countOf(manifests, name))
          const ofShards = nodes.flatMap(({ name }) => awake.map(shard => countOf(manifests, name, shard)))
          for (const counts of [ofNodes, ofShards])
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  test('is where the least is done for each core, by what filters were measured to cost', () => {
    const here = [filter(0, 'a'), filter(1, 'b'), filter(2, 'b')]
    const nodes = [node('a'), node('b')]
    const place = (cpuMs: readonly number[], changed = nodes) =>
      choosePlace(changed, wanted(), new NodeLoads(here, reported(here, cpuMs)), nowMs)
    expect(place([100, 10, 10])).toMatchObject({ place: { mirror: 'b' } })
    expect(place([10, 10, 10])).toMatchObject({ place: { mirror: 'a' } })
    expect(place([10, 10, 10], [node('a', { cores: 1 }), node('b', { cores: 8 })])).toMatchObject({
      place: { mirror: 'b' },
    })
  })

  test('counts a filter that moves where it goes, and those that are deleted nowhere', () => {
    const to = { mirror: 'b', shard: 0 }
    const loads = new NodeLoads(
      [filter(0, 'a', { moving: { to, at: '' } }), filter(1, 'a', { state: 'deleted' })],
      none,
    )
    expect([loads.ofNode('a').filters, loads.ofNode('b').filters, loads.ofShard(to).filters]).toEqual([0, 1, 1])
  })

  test('leaves memory for filters that their node does not run yet', () => {
    const small = node('a', { memoryFreeBytes: 300e6, languages: ['python'] })
    const python = wanted({ language: 'python', cost: { cores: 0.1, memoryBytes: 200e6 } })
    const coming = filter(0, 'a', { versions: [{ number: 1, language: 'python', sha256: '', createdAt: '' }] })
    expect(whyNot(small, python, empty, nowMs)).toBeUndefined()
    expect(whyNot(small, python, new NodeLoads([coming], none), nowMs)).toBe('its memory has only 100 MB left')
    expect(whyNot(small, python, new NodeLoads([coming], reported([coming])), nowMs)).toBeUndefined()
  })
})

test('a node says why it takes nothing', () => {
  const why = (changes: Partial<PlaceableNode>) => takesNone(node('a', changes), nowMs)
  expect(why({})).toBeUndefined()
  expect(why({ lagAlerts: undefined, disk: undefined, memoryFreeBytes: undefined })).toBeUndefined()
  expect(why({ state: 'cordoned' })).toBe('it is cordoned')
  expect(why({ isReached: false })).toBe('the API has not reached its broker yet')
  expect(why({ awake: [], heardMs: undefined })).toBe('it has never reported')
  expect(why({ awake: [], heardMs: nowMs - 90_000 })).toBe('it has not reported for 90 s')
  expect(why({ lagAlerts: 20_000 })).toBe('its copy is 20000 alerts behind the hub')
  expect(why({ disk: { bytes: 500e9, freeBytes: 1e9 } })).toBe('its disk has 1.0 GB left')
  expect(why({ disk: { bytes: 2e9, freeBytes: 5e8 } })).toBeUndefined()
  expect(why({ disk: { bytes: 2e9, freeBytes: 1e8 } })).toBe('its disk has 0.1 GB left')
})

test('a refusal names every node, and says what to do where there is none', () => {
  const choice = choosePlace(
    [node('b', { state: 'cordoned' }), node('a', { labels: { site: 'x' } })],
    wanted({ labels: { site: 'y' } }),
    empty,
    nowMs,
  )
  expect(refusalText(choice.ok ? [] : choice.reasons)).toBe(
    'no node can take it now: a: it lacks the label site=y; b: it is cordoned',
  )
  expect(refusalText([])).toContain('skysieve node add')
})
