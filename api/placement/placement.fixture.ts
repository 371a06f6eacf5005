// Nodes and filters for tests of the rules of placement.
import fc from 'fast-check'
import { type Manifest } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'
import { active, now, status, submitted, tried } from '../submissions/manifests.fixture.ts'
import { placed } from '../submissions/manifest-changes.ts'
import { type PlaceableNode } from './placeable-node.ts'

export const nowMs = Date.parse(now)

/** One that takes filters. */
export const node = (name: string, changes: Partial<PlaceableNode> = {}): PlaceableNode => ({
  name,
  state: 'active',
  isReached: true,
  labels: {},
  shards: 1,
  awake: [0],
  heardMs: nowMs,
  cores: 2,
  languages: ['javascript', 'typescript'],
  memoryFreeBytes: 8e9,
  disk: { bytes: 500e9, freeBytes: 100e9 },
  lagAlerts: 0,
  ...changes,
})

/** A filter, placed where it is said or not yet. */
export const filter = (at: number, mirror?: string, changes: Partial<Manifest> = {}): Manifest => ({
  ...(mirror === undefined ? submitted : placed(submitted, { mirror, shard: 0 }, tried, now)),
  id: `f${String(at).padStart(10, '0')}`,
  name: `filter ${at}`,
  ...changes,
})

/** What a node reports of a filter that runs there. */
export const reportOf = ({ id }: Manifest, mirror: string, changes: Partial<FilterStatus> = {}): FilterStatus => ({
  ...status,
  filter: id,
  mirror,
  ...changes,
})

/** Each filter's report, as its node gives it: live, with CPU measured where `cpuMs` is given (of 10,000 alerts). */
export const reported = (manifests: readonly Manifest[], cpuMs: readonly number[] = []) => {
  const known = new Map(
    manifests.map((manifest, at) => [
      manifest.id,
      reportOf(manifest, manifest.placement?.mirror ?? '', {
        cpuMs: cpuMs[at] ?? 0,
        cpuAlerts: cpuMs[at] === undefined ? 0 : 10_000,
      }),
    ]),
  )
  return (id: string): FilterStatus | undefined => known.get(id)
}

export const anyNode = (name: string): fc.Arbitrary<PlaceableNode> =>
  fc
    .record({
      state: fc.constantFrom('active', 'active', 'active', 'cordoned', 'draining', 'expected'),
      isReached: fc.boolean(),
      labels: fc.constantFrom({}, { site: 'a' }),
      maxFilters: fc.option(fc.nat(4), { nil: undefined }),
      shards: fc.constant(3),
      awake: fc.subarray([0, 1, 2]),
      heardMs: fc.constantFrom(undefined, nowMs),
      cores: fc.integer({ min: 1, max: 8 }),
      languages: fc.constantFrom(undefined, ['javascript'], ['javascript', 'python']),
      memoryFreeBytes: fc.constantFrom(undefined, 1e9, 150e6),
      disk: fc.constantFrom(undefined, { bytes: 2e9, freeBytes: 5e8 }, { bytes: 1e12, freeBytes: 1e9 }),
      lagAlerts: fc.constantFrom(undefined, 0, 20_000),
    })
    .map(changes => node(name, changes))

export { active }
