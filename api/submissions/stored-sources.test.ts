import { expect, test } from 'vitest'
import { sha256, type Manifest } from '#filters'
import { deleted, newManifest, withVersion } from './manifest-changes.ts'
import { namedSources, requireSourceRoom, sourceBytesOf } from './stored-sources.ts'

const now = '2026-11-21T00:00:00.000Z'
const filter = (owner: string, source: string, bytes: number): Manifest =>
  newManifest(
    { name: 'one', language: 'javascript', source },
    { id: `f${sha256(owner + source).slice(0, 10)}`, owner, description: '', bytes, now },
    { cap: 20, stream: 'lsst' },
  )
const keyOf = (source: string): string => `${sha256(source)}.javascript`

test('sources are named by manifests that are not deleted, in any version', () => {
  const two = withVersion(filter('alice', 'a', 10), { language: 'javascript', source: 'b', bytes: 20 }, now).manifest
  expect(namedSources([two, deleted(filter('bob', 'c', 30), now)])).toEqual(new Set(['a', 'b'].map(keyOf)))
})

test('an account’s sources are counted once each, with all versions', () => {
  const two = withVersion(filter('alice', 'a', 10), { language: 'javascript', source: 'b', bytes: 20 }, now).manifest
  const same = { ...filter('alice', 'b', 20), name: 'again' }
  expect(sourceBytesOf([two, same, filter('bob', 'c', 30)], 'alice')).toBe(30)
})

test('what is more than an account may have is refused, with what it has', () => {
  const mine = [filter('alice', 'a', 900)]
  expect(() => requireSourceRoom(mine, 'alice', 100, 1_000)).not.toThrow()
  expect(() => requireSourceRoom(mine, 'alice', 101, 1_000)).toThrow(
    expect.objectContaining({
      code: 'API_SOURCES_FULL',
      message: expect.stringMatching(/take 900 bytes, this one 101/),
    }),
  )
})

test('a manifest says nothing of its sources but their hashes', () => {
  const text = '\u0001'.repeat(10_000)
  expect(JSON.stringify(filter('alice', text, 60_000)).length).toBeLessThan(1_000)
})
