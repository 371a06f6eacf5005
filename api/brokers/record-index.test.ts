import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  oneof,
  property,
  record as recordOf,
  tuple,
  constant,
} from 'fast-check'
import { expect, test } from 'vitest'
import { type LogRecord } from '#hub'
import { openKeyOffsets } from './key-offsets.ts'
import { openRecordIndex } from './record-index.ts'

/** A partition as a list of keys and values; counts what is read of it. */
const partition = (maxKeys = 1000) => {
  const log = { records: [] as LogRecord[], read: 0 }
  const add = (key: string, value: string | null, offset = BigInt(log.records.length * 2)): void => {
    const text = value === null ? null : Buffer.from(value)
    log.records.push({ offset, timestampMs: 0, key: Buffer.from(key), value: text, headers: [] })
  }
  async function* read(from: bigint | 'earliest'): AsyncGenerator<LogRecord> {
    const isGone = from !== 'earliest' && from > (log.records.at(-1)?.offset ?? -1n) + 1n
    for (const record of log.records) {
      if (from !== 'earliest' && !isGone && record.offset < from) continue
      log.read += 1
      yield record
    }
  }
  const index = openRecordIndex({ read, isWanted: key => key.startsWith('visit/'), maxKeys })
  const newest = async (key: string): Promise<string | undefined> => (await index.newest(key))?.value?.toString()
  return { log, add, newest }
}

test('the newest record of each key is found, as a plain search finds it', async () => {
  const key = constantFrom('visit/a/1', 'visit/a/2', 'visit/b/1', 'lane/live')
  const step = oneof(
    recordOf({ add: tuple(key, oneof(integer().map(String), constant(null))) }),
    recordOf({ ask: key }),
  )
  await assert(
    asyncProperty(array(step, { maxLength: 60 }), async steps => {
      const { log, add, newest } = partition()
      for (const step of steps) {
        if ('add' in step) add(...step.add)
        else {
          const wanted = log.records.findLast(({ key: own }) => own?.toString() === step.ask)?.value?.toString()
          expect(await newest(step.ask)).toBe(step.ask.startsWith('visit/') ? wanted : undefined)
        }
      }
    }),
  )
})
test('a visit nobody had is read of once, however often and by how many it is asked for', async () => {
  const { log, add, newest } = partition()
  for (let at = 0; at < 500; at++) add(`visit/f/${at}`, String(at))
  await Promise.all(Array.from({ length: 20 }, () => newest('visit/f/nobody')))
  expect(log.read).toBe(500)
  add('visit/f/new', 'new')
  expect(await newest('visit/f/new')).toBe('new')
  expect(log.read).toBe(502)
})
test('a topic that was made anew is read anew, shorter or longer than the old one', async () => {
  for (const count of [3, 50]) {
    const { log, add, newest } = partition()
    for (let at = 0; at < 10; at++) add(`visit/f/${at}`, 'old')
    expect(await newest('visit/f/7')).toBe('old')
    log.records = []
    for (let at = 0; at < count; at++) add(`visit/g/${at}`, 'new')
    expect(await newest('visit/f/7')).toBeUndefined()
    expect(await newest('visit/g/1')).toBe('new')
  }
})

test('many keys take bounded room, and the newest of them are found', () => {
  assert(
    property(integer({ min: 2, max: 400 }), integer({ min: 1, max: 3000 }), (maxKeys, count) => {
      const offsets = openKeyOffsets(maxKeys)
      for (let at = 0; at < count; at++) offsets.set(`visit/f/${at}`, at)
      expect(offsets.size).toBeLessThanOrEqual(maxKeys)
      for (let at = Math.max(0, count - Math.ceil(maxKeys / 2)); at < count; at++)
        expect(offsets.get(`visit/f/${at}`)).toBe(at)
      offsets.delete(`visit/f/${count - 1}`)
      expect(offsets.get(`visit/f/${count - 1}`)).toBeUndefined()
    }),
    { numRuns: 50 },
  )
})
