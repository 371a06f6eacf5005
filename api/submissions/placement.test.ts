import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Manifest, type Placement } from '#filters'
import { deleted, placed } from './manifest-changes.ts'
import { now, report, submitted, tried } from './manifests.fixture.ts'
import { candidatesOf, choosePlace, SILENT_AFTER_MS } from './placement.ts'

describe('placement', () => {
  const nowMs = Date.parse(now)
  const long = new Date(nowMs - SILENT_AFTER_MS).toISOString()

  test('spreads filters so that no two shards, and no two mirrors with as many shards, differ by more than one', () => {
    assert(
      property(
        integer({ min: 1, max: 4 }),
        integer({ min: 1, max: 3 }),
        integer({ min: 0, max: 40 }),
        (mirrors, shards, filters) => {
          const places = Array.from({ length: mirrors }, (_, at) => `node${at}`).flatMap(mirror =>
            Array.from({ length: shards }, (_, shard) => ({ mirror, shard, reportedAtMs: undefined })),
          )
          const manifests: Manifest[] = []
          for (let at = 0; at < filters; at++)
            manifests.push(placed(submitted, choosePlace(places, manifests, 0)!, tried, now))
          for (const key of ['mirror', 'shard'] as const) {
            const keyOf = (place: Placement | null): string =>
              key === 'mirror' ? `${place?.mirror}` : JSON.stringify(place)
            const loads = new Map(places.map(({ mirror, shard }) => [keyOf({ mirror, shard }), 0]))
            for (const { placement } of manifests) loads.set(keyOf(placement), (loads.get(keyOf(placement)) ?? 0) + 1)
            expect(Math.max(...loads.values()) - Math.min(...loads.values())).toBeLessThanOrEqual(1)
          }
        },
      ),
    )
  })
  test('leaves out silent shards while another answers, and deleted filters always', () => {
    const candidates = candidatesOf(
      ['a', 'b', 'new'],
      [report('a', 0, 2, long), report('a', 1, 2), report('b', 0, 1, long)],
    )
    expect(candidates.map(({ mirror, shard }) => `${mirror}/${shard}`)).toEqual(['a/0', 'a/1', 'b/0', 'new/0'])
    const there = { mirror: 'a', shard: 1 }
    expect(choosePlace(candidates, [placed(submitted, there, tried, now)], nowMs)).toEqual(there)
    const silent = candidates.filter(({ reportedAtMs }) => reportedAtMs !== nowMs)
    const first = { mirror: 'a', shard: 0 }
    expect(choosePlace(silent, [deleted(placed(submitted, first, tried, now), now)], nowMs)).toEqual(first)
    expect(choosePlace([], [], nowMs)).toBeUndefined()
  })
})
