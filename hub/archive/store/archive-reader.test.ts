import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openArchive } from './archive-reader.ts'
import { openFileStore } from './file-store.ts'
import { conflictKey, idOfKey, packetKey, schemaKey } from './object-keys.ts'

const dir = mkdtempSync(join(tmpdir(), 'skysieve-archive-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('the default stream has the layout of Rubin’s archive, others have it below their name', () => {
  expect(packetKey('lsst', 169_813_005_919_846_484n)).toBe('v2/alerts/169813/169813005919846484.avro.gz')
  expect(schemaKey('lsst', 1100)).toBe('v2/schemas/1100.json')
  expect(packetKey('ztf', 697_252_840_015_010_004n)).toBe('ztf/v2/alerts/697252/697252840015010004.avro.gz')
  expect(conflictKey('lsst', 12n, 'abc')).toBe('v2/conflicts/12/abc.avro.gz')
})

test.each([1n, 12_345n, 1_234_567n, 9_223_372_036_854_775_807n, -5n, -9_223_372_036_854_775_808n])(
  'the id %d is read back from its key',
  id => {
    expect(idOfKey(packetKey('lsst', id))).toBe(id)
    expect(idOfKey(conflictKey('lsst', id, 'ab'))).toBeUndefined()
  },
)

test('packets come in the order of their ids, absent ones as undefined, however many', async () => {
  const store = await openFileStore(dir)
  const ids = Array.from({ length: 30 }, (_, at) => 170_094_456_272_322_680n + BigInt(at))
  await Promise.all(ids.map(id => store.put(packetKey('lsst', id), Buffer.from(String(id)))))
  await store.put(schemaKey('lsst', 1100), Buffer.from('{"type":"record"}'))
  const archive = openArchive({ store, stream: 'lsst' })
  const asked = [...ids.toReversed(), 5n]
  const found = await Array.fromAsync(archive.packets(asked))
  expect(found.map(({ id, packet }) => [id, packet?.toString()])).toEqual(
    asked.map(id => [id, id === 5n ? undefined : String(id)]),
  )
  expect(await archive.head(ids[0]!)).toEqual({ bytes: 18 })
  expect(await archive.schema(1100)).toBe('{"type":"record"}')
  expect(await archive.schema(1101)).toBeUndefined()
  expect(await Array.fromAsync(archive.ids(ids[27]))).toEqual(ids.slice(28))
  expect(await openArchive({ store, stream: 'ztf' }).packet(ids[0]!)).toBeUndefined()
})
