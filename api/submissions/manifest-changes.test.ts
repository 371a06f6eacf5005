import { describe, expect, test } from 'vitest'
import { Manifest } from '#filters'
import { Value } from 'typebox/value'
import {
  deleted,
  described,
  endOfNight,
  etagOf,
  paused,
  rejected,
  resumed,
  withActive,
  withVersion,
} from './manifest-changes.ts'
import { active, now, submitted, tried } from './manifests.fixture.ts'

const conflict = expect.objectContaining({ code: 'API_STATE_CONFLICT' })

describe('a manifest', () => {
  test('fresh and placed has the form its readers expect', () => {
    expect(Value.Check(Manifest, submitted)).toBe(true)
    expect(Value.Check(Manifest, active)).toBe(true)
    expect(active.placement).toEqual({ mirror: 'node1', shard: 0 })
  })
  test('resumed is of a new generation, which ends a suspension', () => {
    expect(resumed(paused(active, now), now)).toMatchObject({ state: 'active', generation: 2 })
    expect(resumed(active, now).generation).toBe(2)
  })
  test('that is not active can be neither paused nor resumed', () => {
    expect(() => paused(submitted, now)).toThrow(conflict)
    expect(() => resumed(deleted(active, now), now)).toThrow(conflict)
    expect(() => withActive(submitted, 2, tried, now)).toThrow(expect.objectContaining({ code: 'API_VERSION_UNKNOWN' }))
  })
  test('takes the same source twice as one version', () => {
    const twice = withVersion(
      active,
      { language: 'javascript', source: 'export const filter = () => true', bytes: 200 },
      now,
    )
    expect(twice).toMatchObject({ isNew: false, manifest: active, version: { number: 1 } })
  })
  test('takes another source as the next version, which does not run yet', () => {
    const { manifest, version } = withVersion(active, { language: 'typescript', source: 'x', bytes: 1 }, now)
    expect(version.number).toBe(2)
    expect(manifest).toMatchObject({ active: 1, state: 'active' })
    expect(withActive(manifest, 2, tried, now)).toMatchObject({ active: 2, generation: 2 })
  })
  test('rejected starts over with a new version, without its old problems', () => {
    const no = rejected(submitted, [{ message: 'throws', line: 1, pointer: '/source' }], now)
    expect(no.problems).toEqual([{ message: 'throws', line: 1 }])
    expect(withVersion(no, { language: 'javascript', source: 'y', bytes: 1 }, now).manifest).toMatchObject({
      state: 'submitted',
      active: 2,
      problems: [],
    })
  })
  test('unchanged keeps its ETag, changed gets another', () => {
    expect(etagOf(described(active, '', now))).toBe(etagOf(active))
    expect(etagOf(described(active, 'new', now))).not.toBe(etagOf(active))
  })
})

test.each([
  ['2026-11-21T11:59:59.999Z', '2026-11-21T12:00:00.000Z'],
  ['2026-11-21T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
  ['2026-12-31T23:00:00.000Z', '2027-01-01T12:00:00.000Z'],
])('a filter for the night submitted at %s ends at %s', (submittedAt, end) => {
  expect(endOfNight(submittedAt)).toBe(end)
})
