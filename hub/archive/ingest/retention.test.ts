// What an archive with a limit keeps: packets, packets set aside and schemas all count, and all leave, the oldest first.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { assert, asyncProperty, constantFrom, array } from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { openFileStore } from '../store/file-store.ts'
import {
  conflictKey,
  conflictsPrefix,
  packetKey,
  packetsPrefix,
  schemaKey,
  schemasPrefix,
} from '../store/object-keys.ts'
import { countOtherObjects, removeOldest } from './retention.ts'
import { openSegmentStore } from '../store/segment-store.ts'
import { openSkyIndex, type SkyIndex } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const HOUR_MS = 3_600_000
const made: string[] = []
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true })
})
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-retain-'))
  made.push(dir)
  return dir
}

const stream = 'lsst'
const signal = new AbortController().signal
const sha = (n: number): string => String(n).padStart(64, '0')

/** An archive with a clock of the test's own. Each object has 100 bytes. */
const openArchive = async (open: (dir: string) => Promise<ArchiveStore> = openFileStore) => {
  const dir = folder()
  const clock = { ms: Date.UTC(2026, 10, 21) }
  const file = join(dir, 'index.sqlite')
  const index = openSkyIndex(file, { now: () => clock.ms })
  const store = await open(join(dir, 'objects'))
  const object = Buffer.alloc(100)
  return {
    clock,
    file,
    index,
    store,
    objects: join(dir, 'objects'),
    packet: async (id: bigint, schema?: number) => {
      await store.put(packetKey(stream, id), object)
      index.add(
        [{ id, bytes: 100 }],
        schema === undefined ? [] : [{ key: schemaKey(stream, schema), kind: 'schema', bytes: 100 }],
      )
    },
    schema: async (id: number) => {
      await store.put(schemaKey(stream, id), object)
      index.add([], [{ key: schemaKey(stream, id), kind: 'schema', bytes: 100 }])
    },
    conflict: async (id: bigint, n: number) => {
      const key = conflictKey(stream, id, sha(n))
      await store.put(key, object)
      index.add([], [{ key, kind: 'conflict', bytes: 100 }])
    },
    keep: (maxBytes: number) => removeOldest({ store, index, stream, maxBytes, signal }),
    close: async () => {
      index.close()
      await store.close()
    },
  }
}
const keysOf = async (store: ArchiveStore): Promise<string[]> => Array.fromAsync(store.list(''))

test('packets set aside count, and leave behind the packets that were there before them', async () => {
  const archive = await openArchive()
  await archive.packet(1n)
  for (let n = 0; n < 20; n++) await archive.conflict(1n, n)
  await archive.packet(2n)
  await archive.conflict(2n, 99)
  expect(archive.index.totals()).toMatchObject({ alerts: 2, bytes: 200, otherBytes: 2100 })
  expect(await archive.keep(300)).toEqual({ packets: 1, others: 19 })
  expect(await Array.fromAsync(archive.store.list(conflictsPrefix(stream)))).toEqual([
    conflictKey(stream, 1n, sha(19)),
    conflictKey(stream, 2n, sha(99)),
  ])
  expect(await Array.fromAsync(archive.store.list(packetsPrefix(stream)))).toEqual([packetKey(stream, 2n)])
  expect(archive.index.totals()).toMatchObject({ alerts: 1, bytes: 100, otherBytes: 200 })
  await archive.close()
})

test('a schema stays as long as a packet that was archived before its last use, and an hour longer', async () => {
  const archive = await openArchive()
  await archive.schema(7)
  await archive.packet(1n, 7)
  await archive.schema(8)
  await archive.packet(2n, 8)
  await archive.packet(3n, 7)
  archive.clock.ms += HOUR_MS + 1
  expect(await archive.keep(300)).toEqual({ packets: 2, others: 0 })
  await archive.packet(4n, 8)
  expect(await archive.keep(200)).toEqual({ packets: 1, others: 1 })
  expect(await Array.fromAsync(archive.store.list(schemasPrefix(stream)))).toEqual([schemaKey(stream, 8)])
  // Nothing is left but a schema that was just used: it is kept, whatever the limit.
  expect(await archive.keep(1)).toEqual({ packets: 1, others: 0 })
  expect(await keysOf(archive.store)).toEqual([schemaKey(stream, 8)])
  archive.clock.ms += HOUR_MS + 1
  expect(await archive.keep(1)).toEqual({ packets: 0, others: 1 })
  expect(archive.index.totals()).toEqual({ alerts: 0, bytes: 0, otherBytes: 0, isComplete: true })
  await archive.close()
})

test('a schema that is noted while it is being removed is there afterwards', async () => {
  const archive = await openArchive()
  await archive.schema(7)
  archive.clock.ms += HOUR_MS + 1
  const { store, index } = archive
  const noting: ArchiveStore = {
    ...store,
    delete: async key => {
      index.add([], [{ key, kind: 'schema', bytes: 100 }])
      await store.delete(key)
    },
  }
  expect(await removeOldest({ store: noting, index, stream, maxBytes: 1, signal })).toEqual({ packets: 0, others: 0 })
  expect((await store.get(schemaKey(stream, 7)))?.length).toBe(100)
  await archive.close()
})

test('an index of before is opened, and what the archive has beside packets is counted', async () => {
  const archive = await openArchive()
  await archive.packet(1n)
  await archive.schema(7)
  await archive.conflict(1n, 1)
  archive.index.close()
  const db = new DatabaseSync(archive.file)
  db.exec('DROP TABLE others; DROP TABLE other_totals; PRAGMA user_version = 1')
  db.close()
  const reader = openSkyIndex(archive.file, { readOnly: true })
  expect(reader.totals()).toEqual({ alerts: 1, bytes: 100, otherBytes: 0, isComplete: false })
  reader.close()
  const index = openSkyIndex(archive.file)
  expect(index.totals()).toMatchObject({ alerts: 1, isComplete: false })
  await countOtherObjects({ store: archive.store, index, stream })
  expect(index.totals()).toEqual({ alerts: 1, bytes: 100, otherBytes: 200, isComplete: true })
  index.close()
  await archive.store.close()
})

test('in segments, neither a schema nor a packet set aside keeps the segment it came in on the disk', async () => {
  const archive = await openArchive(dir => openSegmentStore(dir, { maxBytes: 4000 }))
  await archive.schema(7)
  await archive.conflict(0n, 1)
  for (let id = 1n; id <= 300n; id++) await archive.packet(id, 7)
  const size = (): number =>
    readdirSync(archive.objects)
      .filter(name => name.endsWith('.seg'))
      .reduce((sum, name) => sum + statSync(join(archive.objects, name)).size, 0)
  const before = size()
  await archive.keep(2000)
  expect(before).toBeGreaterThan(40_000)
  // What is kept, and the unfinished segments at both ends.
  expect(size()).toBeLessThan(12_000)
  expect((await archive.store.get(schemaKey(stream, 7)))?.length).toBe(100)
  const left = archive.index.all({ limit: 1000 }).rows.map(({ id }) => packetKey(stream, id))
  expect(await keysOf(archive.store)).toEqual([...left, schemaKey(stream, 7)].toSorted())
  await archive.close()
})

test('whatever came in which order, the limit holds and what stays is what came last', async () => {
  await assert(
    asyncProperty(
      array(constantFrom('packet', 'conflict', 'schema'), { maxLength: 30 }),
      constantFrom(0, 100, 500, 1500),
      async (kinds, maxBytes) => {
        const archive = await openArchive()
        const came: string[] = []
        for (const [at, kind] of kinds.entries()) {
          if (kind === 'packet') await archive.packet(BigInt(at + 1))
          else if (kind === 'conflict') await archive.conflict(1n, at)
          else await archive.schema(at)
          came.push(kind)
        }
        archive.clock.ms += HOUR_MS + 1
        await archive.keep(maxBytes)
        const totals = archive.index.totals()
        expect(totals.bytes + totals.otherBytes).toBeLessThanOrEqual(maxBytes)
        expect(await keysOf(archive.store)).toHaveLength((totals.bytes + totals.otherBytes) / 100)
        expect(totals.bytes / 100 + totals.otherBytes / 100).toBe(Math.min(came.length, maxBytes / 100))
        expect(packetsIn(archive.index)).toEqual(
          came.flatMap((kind, at) => (kind === 'packet' ? [BigInt(at + 1)] : [])).slice(-totals.alerts || came.length),
        )
        await archive.close()
      },
    ),
    { numRuns: 25 },
  )
})

const packetsIn = (index: SkyIndex): bigint[] => index.all({ limit: 1000 }).rows.map(({ id }) => id)
