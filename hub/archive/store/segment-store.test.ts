import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSegmentStore } from './segment-store.ts'
import { describeStore } from './store-conformance.fixture.ts'

const made: string[] = []
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-segments-'))
  made.push(dir)
  return dir
}
afterAll(() => made.forEach(dir => rmSync(dir, { recursive: true })))
const segments = (dir: string): string[] => readdirSync(dir).filter(name => name.endsWith('.seg'))
const key = (id: number): string => `v2/alerts/${String(id).slice(0, 6)}/${id}.avro.gz`
const forget = (dir: string): void => {
  for (const name of readdirSync(dir)) if (name.startsWith('catalogue')) rmSync(join(dir, name))
}

describeStore('segments', async () => {
  const dir = join(folder(), 'archive')
  return { open: mode => openSegmentStore(dir, { readOnly: mode === 'read-only' }) }
})

test('a catalogue that was lost is found again in the segments, up to where one is torn', async () => {
  const dir = folder()
  const first = await openSegmentStore(dir)
  for (let id = 1_700_000; id < 1_700_020; id++) await first.put(key(id), Buffer.from(`object ${id}`))
  await first.close()
  forget(dir)
  appendFileSync(join(dir, segments(dir)[0]!), Buffer.from('SKYP and then the power failed'))
  const second = await openSegmentStore(dir)
  expect(await Array.fromAsync(second.list('v2/'))).toHaveLength(20)
  expect(String(await second.get(key(1_700_007)))).toBe('object 1700007')
  expect(await second.put(key(1_700_019), Buffer.from('other'))).toBe('exists')
  expect(await second.put(key(1_700_020), Buffer.from('new'))).toBe('stored')
  await second.close()
})

test('what a killed writer had written and not yet noted is found at the next opening, whatever length it has', async () => {
  const dir = folder()
  const whole = await openSegmentStore(dir)
  await whole.put(key(1_700_000), Buffer.from('first'))
  await whole.put(key(1_700_001), Buffer.from('second'))
  await whole.close()
  const [name] = segments(dir)
  const bytes = readFileSync(join(dir, name!))
  for (let cut = 0; cut <= bytes.length - 8; cut += 5) {
    const length = bytes.length - cut
    const torn = folder()
    writeFileSync(join(torn, name!), bytes.subarray(0, length))
    chmodSync(join(torn, name!), 0o644)
    const store = await openSegmentStore(torn)
    const found = await Promise.all([1_700_000, 1_700_001].map(async id => (await store.get(key(id)))?.toString()))
    const expected = length === bytes.length ? ['first', 'second'] : [found[0], undefined]
    expect(found).toEqual(expected)
    if (found[0] !== undefined) expect(found[0]).toBe('first')
    await store.close()
  }
})

test('a segment ends with its night or its size, and is not written to again', async () => {
  const dir = folder()
  let nowMs = Date.UTC(2026, 10, 21, 11, 59)
  const store = await openSegmentStore(dir, { maxBytes: 1000, now: () => nowMs })
  await store.put(key(1_700_000), Buffer.alloc(900))
  await store.put(key(1_700_001), Buffer.alloc(900))
  expect(segments(dir)).toHaveLength(1)
  await store.put(key(1_700_002), Buffer.from('behind its size'))
  nowMs += 120_000
  await store.put(key(1_700_003), Buffer.from('past noon: the next night'))
  const nights = segments(dir).map(name => name.slice(0, 8))
  expect(nights.toSorted()).toEqual(['20261120', '20261120', '20261121'])
  const modes = segments(dir).map(name => statSync(join(dir, name)).mode & 0o777)
  expect(modes.filter(mode => mode === 0o444)).toHaveLength(2)
  expect((await store.get(key(1_700_001)))?.length).toBe(900)
  await store.close()
})

test('a closed segment leaves the disk with its last object', async () => {
  const dir = folder()
  const store = await openSegmentStore(dir, { maxBytes: 1 })
  for (const id of [1_700_000, 1_700_001, 1_700_002]) await store.put(key(id), Buffer.from('object'))
  expect(segments(dir)).toHaveLength(3)
  await store.delete(key(1_700_000))
  await store.delete(key(1_700_001))
  expect(segments(dir)).toHaveLength(1)
  expect(String(await store.get(key(1_700_002)))).toBe('object')
  await store.close()
})

test('two writers, such as an archiver and a back-fill, do not disturb each other', async () => {
  const dir = folder()
  const [one, other] = [await openSegmentStore(dir), await openSegmentStore(dir)]
  const ids = Array.from({ length: 200 }, (_, at) => 1_700_000 + at)
  const outcomes = await Promise.all(
    ids.map(id => Promise.all([one, other].map(store => store.put(key(id), Buffer.from(String(id)))))),
  )
  expect(outcomes.map(pair => pair.filter(outcome => outcome === 'stored').length)).toEqual(ids.map(() => 1))
  for (const id of ids) expect(String(await one.get(key(id)))).toBe(String(id))
  await Promise.all([one.close(), other.close()])
})

test('a reader that comes before any writer finds nothing, and then what is written', async () => {
  const dir = join(folder(), 'archive')
  const reader = await openSegmentStore(dir, { readOnly: true })
  expect(await reader.get(key(1_700_000))).toBeUndefined()
  expect(await Array.fromAsync(reader.list(''))).toEqual([])
  const writer = await openSegmentStore(dir)
  await writer.put(key(1_700_000), Buffer.from('object'))
  expect(String(await reader.get(key(1_700_000)))).toBe('object')
  await Promise.all([reader.close(), writer.close()])
})
