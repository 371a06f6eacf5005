import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { parseSchema } from '../../avro/schema/parse-schema.ts'
import { framePacket } from '../../packet-frame.ts'
import { STREAMS } from '../../streams.ts'
import { openSyntheticSource } from '../../synthetic/source.ts'
import { openFileStore } from '../store/file-store.ts'
import { conflictsPrefix, packetKey, schemaKey } from '../store/object-keys.ts'
import { openShelver, type PacketAt, type Shelved } from './archive-batch.ts'
import { openSkyIndex } from '../index/sky-index.ts'

const made: string[] = []
afterAll(() => made.forEach(dir => rmSync(dir, { recursive: true })))

const source = openSyntheticSource()
const schema = parseSchema(source.schemaJson)
const { alertId, packet } = source.packet(0, 0)

let offset = 0n
const received = (value: Buffer, partition = 0): PacketAt => ({
  partition,
  offset: offset++,
  timestampMs: 1_800_000_000_000,
  value,
  headers: {},
})

const open = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-shelve-'))
  made.push(dir)
  const store = await openFileStore(join(dir, 'objects'))
  const index = openSkyIndex(join(dir, 'index.sqlite'))
  const schemaOf = (id: number) => (id === source.schemaId ? schema : undefined)
  const openOne = () => openShelver({ stream: STREAMS.lsst, store, index, schemaOf })
  return { dir, store, index, openOne, shelver: openOne() }
}
const kinds = (shelved: readonly Shelved[]): string[] => shelved.map(({ kind }) => kind)
const firsts = (shelved: readonly Shelved[]): boolean[] => shelved.map(one => 'row' in one && one.isFirst)

test('a packet is stored as gzip of the bytes received, and its schema before it', async () => {
  const { store, shelver } = await open()
  const [one] = await shelver.shelve([received(packet)])
  expect(one).toMatchObject({ kind: 'stored', isFirst: true, facts: { id: alertId } })
  const object = await store.get(packetKey('lsst', alertId))
  expect(packet.equals(gunzipSync(object ?? ''))).toBe(true)
  expect(String(await store.get(schemaKey('lsst', source.schemaId)))).toBe(source.schemaJson)
})

test('the same packet in another record is a repeat without a notice, read again in the same record it gets its notice', async () => {
  const { index, openOne } = await open()
  const [first, second] = [received(packet), received(packet, 1)]
  const before = openOne()
  const shelved = await before.shelve([first])
  // Killed before the index knew: the next life reads both again.
  expect(firsts(shelved)).toEqual([true])
  expect(firsts(await openOne().shelve([first]))).toEqual([true])
  index.add(shelved.flatMap(one => ('row' in one ? [one.row] : [])))
  before.indexed(shelved.flatMap(one => ('row' in one ? [one.row] : [])))
  for (const shelver of [before, openOne()]) {
    const again = await shelver.shelve([first, second])
    expect(kinds(again)).toEqual(['repeat', 'repeat'])
    expect(firsts(again)).toEqual([true, false])
  }
})

test('of equal packets in one group exactly one is the first', async () => {
  const { shelver } = await open()
  const shelved = await shelver.shelve(Array.from({ length: 6 }, (_, at) => received(packet, at)))
  expect(firsts(shelved).filter(isFirst => isFirst)).toHaveLength(1)
  expect(kinds(shelved).toSorted()).toEqual(['repeat', 'repeat', 'repeat', 'repeat', 'repeat', 'stored'])
})

test('an id that comes again with other bytes is set aside and changes nothing', async () => {
  const { store, shelver } = await open()
  await shelver.shelve([received(packet)])
  const other = Buffer.from(packet)
  // The last byte of the last cutout.
  other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1
  const [conflict] = await shelver.shelve([received(other)])
  expect(conflict).toMatchObject({ kind: 'conflict', id: alertId })
  const [key] = await Array.fromAsync(store.list(conflictsPrefix('lsst')))
  expect(other.equals(gunzipSync((await store.get(key ?? '')) ?? ''))).toBe(true)
  expect(packet.equals(gunzipSync((await store.get(packetKey('lsst', alertId))) ?? ''))).toBe(true)
  // Read again after a kill: the same one is kept aside once.
  await shelver.shelve([received(other)])
  expect(await Array.fromAsync(store.list(conflictsPrefix('lsst')))).toEqual([key])
})

test('a torn object is replaced by the packet that comes again', async () => {
  const { dir, store, shelver } = await open()
  await shelver.shelve([received(packet)])
  const file = join(dir, 'objects', packetKey('lsst', alertId))
  writeFileSync(file, readFileSync(file).subarray(0, 100))
  expect(kinds(await shelver.shelve([received(packet)]))).toEqual(['healed'])
  expect(packet.equals(gunzipSync((await store.get(packetKey('lsst', alertId))) ?? ''))).toBe(true)
})

test.each([
  ['HUB_PACKET_EMPTY', Buffer.alloc(0)],
  ['HUB_PACKET_MAGIC', Buffer.from('not a packet')],
  ['HUB_AVRO_TRUNCATED', packet.subarray(0, 200)],
  ['HUB_SCHEMA_INVALID', framePacket(4242, Buffer.from([1, 2, 3]))],
])('what cannot be read (%s) is told and stops nothing', async (code, value) => {
  const { shelver } = await open()
  const shelved = await shelver.shelve([received(value), received(packet)])
  expect(kinds(shelved)).toEqual(['unreadable', 'stored'])
  expect(shelved[0]).toMatchObject({ error: { code } })
})

test('while the archive cannot be written to everything waits, and the same call succeeds later', async () => {
  const { dir, shelver } = await open()
  // A file where the folder of packets should be: not even root can write there.
  writeFileSync(join(dir, 'objects', 'v2'), '')
  await expect(shelver.shelve([received(packet)])).rejects.toMatchObject({ code: 'HUB_ARCHIVE_WRITE' })
  rmSync(join(dir, 'objects', 'v2'))
  expect(kinds(await shelver.shelve([received(packet)]))).toEqual(['stored'])
})
