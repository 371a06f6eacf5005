// The conformance suite of archive stores: what each kind has to do. The test of each store runs it with `describeStore`.
import { describe, expect, test } from 'vitest'
import { type ArchiveStore } from './store-interface.ts'

/** How a store is opened for a test: each opening is of the same place, which is empty at the first. */
export interface StorePlace {
  readonly open: (mode?: 'read-only') => Promise<ArchiveStore>
}

const bytesOf = (text: string): Buffer => Buffer.from(text)
const key = (id: number): string => `v2/alerts/${String(id).slice(0, 6)}/${id}.avro.gz`

const collect = async (keys: AsyncIterable<string>): Promise<string[]> => Array.fromAsync(keys)

/** Declares the tests; `place` gives each a place of its own. */
export const describeStore = (name: string, place: () => Promise<StorePlace>): void => {
  const withStore = async (action: (store: ArchiveStore, place: StorePlace) => Promise<void>): Promise<void> => {
    const where = await place()
    const store = await where.open()
    try {
      await action(store, where)
    } finally {
      await store.close()
    }
  }

  describe(`an archive on ${name}`, () => {
    test('what was put is read back, and its size is known', () =>
      withStore(async store => {
        const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
        expect(await store.put(key(1_700_001), bytes)).toBe('stored')
        expect(bytes.equals((await store.get(key(1_700_001))) ?? Buffer.alloc(0))).toBe(true)
        expect(await store.head(key(1_700_001))).toEqual({ bytes: 100_000 })
      }))

    test('what is not there is undefined, and so is what only begins like it', () =>
      withStore(async store => {
        await store.put(key(1_700_001), bytesOf('one'))
        for (const absent of [key(1_700_002), 'v2/alerts/170000', 'v2/alerts', 'v3/alerts/1.avro.gz']) {
          expect(await store.get(absent)).toBeUndefined()
          expect(await store.head(absent)).toBeUndefined()
        }
      }))

    test('an object is never overwritten', () =>
      withStore(async store => {
        expect(await store.put(key(1_700_001), bytesOf('first'))).toBe('stored')
        expect(await store.put(key(1_700_001), bytesOf('second'))).toBe('exists')
        expect(String(await store.get(key(1_700_001)))).toBe('first')
      }))

    test('of many who put the same key at once one succeeds', () =>
      withStore(async store => {
        const writers = Array.from({ length: 8 }, (_, at) => `writer ${at}`)
        const outcomes = await Promise.all(writers.map(text => store.put(key(1_700_001), bytesOf(text))))
        expect(outcomes.filter(outcome => outcome === 'stored')).toHaveLength(1)
        expect(String(await store.get(key(1_700_001)))).toBe(writers[outcomes.indexOf('stored')])
      }))

    test('keys are listed in their order, by prefix and after a key', () =>
      withStore(async store => {
        const ids = [1_700_002, 1_700_001, 1_699_999, 1_800_000, 17_000_015]
        await Promise.all(ids.map(id => store.put(key(id), bytesOf(String(id)))))
        await store.put('v2/schemas/1100.json', bytesOf('{}'))
        await store.put('ztf/v2/schemas/7.json', bytesOf('{}'))
        const sorted = ids.map(key).toSorted()
        expect(await collect(store.list('v2/alerts/'))).toEqual(sorted)
        expect(await collect(store.list('v2/alerts/', sorted[1]))).toEqual(sorted.slice(2))
        expect(await collect(store.list('v2/alerts/170000/'))).toEqual(sorted.filter(one => one.includes('/170000/')))
        expect(await collect(store.list('v2/schemas/'))).toEqual(['v2/schemas/1100.json'])
        expect(await collect(store.list('ztf/'))).toEqual(['ztf/v2/schemas/7.json'])
        expect(await collect(store.list('v2/nothing/'))).toEqual([])
      }))

    test('what was deleted is gone and can be put again', () =>
      withStore(async store => {
        await store.put(key(1_700_001), bytesOf('first'))
        await store.delete(key(1_700_001))
        await store.delete(key(1_700_002))
        expect(await store.get(key(1_700_001))).toBeUndefined()
        expect(await collect(store.list('v2/alerts/'))).toEqual([])
        expect(await store.put(key(1_700_001), bytesOf('again'))).toBe('stored')
      }))

    test('another opening, for reading only, sees what was put before and after it', () =>
      withStore(async (store, { open }) => {
        await store.put(key(1_700_001), bytesOf('before'))
        const reader = await open('read-only')
        try {
          await store.put(key(1_700_002), bytesOf('after'))
          expect(String(await reader.get(key(1_700_001)))).toBe('before')
          expect(String(await reader.get(key(1_700_002)))).toBe('after')
          expect(await collect(reader.list('v2/alerts/'))).toEqual([key(1_700_001), key(1_700_002)])
        } finally {
          await reader.close()
        }
      }))

    test('what was synced is there at the next opening', async () => {
      const { open } = await place()
      const first = await open()
      await Promise.all([1_700_001, 1_700_002, 1_700_003].map(id => first.put(key(id), bytesOf(String(id)))))
      await first.sync()
      await first.close()
      const second = await open()
      expect(String(await second.get(key(1_700_002)))).toBe('1700002')
      expect(await second.put(key(1_700_003), bytesOf('other'))).toBe('exists')
      await second.close()
    })

    test('a key that would leave the store is refused', () =>
      withStore(async store => {
        for (const bad of ['../x', '/etc/passwd', 'a/../../b', 'a//b', '', '.begun/x'])
          expect(() => store.get(bad)).toThrow(TypeError)
      }))
  })
}
