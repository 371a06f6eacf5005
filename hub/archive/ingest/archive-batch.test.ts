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
import { openBatchArchiver, type PacketAt, type ArchiveOutcome } from './archive-batch.ts'
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
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-archive-batch-'))
  made.push(dir)
  const store = await openFileStore(join(dir, 'objects'))
  const index = openSkyIndex(join(dir, 'index.sqlite'))
  const schemaOf = (id: number) => (id === source.schemaId ? schema : undefined)
  const openOne = () => openBatchArchiver({ stream: STREAMS.lsst, store, index, schemaOf })
  return { dir, store, index, openOne, batchArchiver: openOne() }
}
const kinds = (outcomes: readonly ArchiveOutcome[]): string[] => outcomes.map(({ kind }) => kind)
const firsts = (outcomes: readonly ArchiveOutcome[]): boolean[] => outcomes.map(one => 'row' in one && one.isFirst)

test('a packet is stored as gzip of the bytes received, and its schema before it', async () => {
  const { store, batchArchiver } = await open()
  const [one] = await batchArchiver.archiveBatch([received(packet)])
  expect(one).toMatchObject({ kind: 'stored', isFirst: true, facts: { id: alertId } })
  const object = await store.get(packetKey('lsst', alertId))
  expect(packet.equals(gunzipSync(object ?? ''))).toBe(true)
  expect(String(await store.get(schemaKey('lsst', source.schemaId)))).toBe(source.schemaJson)
})

test('the same packet in another record is a repeat without a notice, read again in the same record it gets its notice', async () => {
  const { index, openOne } = await open()
  const [first, second] = [received(packet), received(packet, 1)]
  const before = openOne()
  const outcomes = await before.archiveBatch([first])
  // Killed before the index knew: the next life reads both again.
  expect(firsts(outcomes)).toEqual([true])
  expect(firsts(await openOne().archiveBatch([first]))).toEqual([true])
  index.add(outcomes.flatMap(one => ('row' in one ? [one.row] : [])))
  before.indexed(outcomes.flatMap(one => ('row' in one ? [one.row] : [])))
  for (const batchArchiver of [before, openOne()]) {
    const again = await batchArchiver.archiveBatch([first, second])
    expect(kinds(again)).toEqual(['repeat', 'repeat'])
    expect(firsts(again)).toEqual([true, false])
  }
})

test('of equal packets in one group exactly one is the first', async () => {
  const { batchArchiver } = await open()
  const outcomes = await batchArchiver.archiveBatch(Array.from({ length: 6 }, (_, at) => received(packet, at)))
  expect(firsts(outcomes).filter(isFirst => isFirst)).toHaveLength(1)
  expect(kinds(outcomes).toSorted()).toEqual(['repeat', 'repeat', 'repeat', 'repeat', 'repeat', 'stored'])
})

test('an id that comes again with other bytes is set aside and changes nothing', async () => {
  const { store, batchArchiver } = await open()
  await batchArchiver.archiveBatch([received(packet)])
  const other = Buffer.from(packet)
  // The last byte of the last cutout.
  other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1
  const [conflict] = await batchArchiver.archiveBatch([received(other)])
  expect(conflict).toMatchObject({ kind: 'conflict', id: alertId })
  const [key] = await Array.fromAsync(store.list(conflictsPrefix('lsst')))
  expect(other.equals(gunzipSync((await store.get(key ?? '')) ?? ''))).toBe(true)
  expect(packet.equals(gunzipSync((await store.get(packetKey('lsst', alertId))) ?? ''))).toBe(true)
  // Read again after a kill: the same one is kept aside once.
  await batchArchiver.archiveBatch([received(other)])
  expect(await Array.fromAsync(store.list(conflictsPrefix('lsst')))).toEqual([key])
})

test('a torn object is replaced by the packet that comes again', async () => {
  const { dir, store, batchArchiver } = await open()
  await batchArchiver.archiveBatch([received(packet)])
  const file = join(dir, 'objects', packetKey('lsst', alertId))
  writeFileSync(file, readFileSync(file).subarray(0, 100))
  expect(kinds(await batchArchiver.archiveBatch([received(packet)]))).toEqual(['healed'])
  expect(packet.equals(gunzipSync((await store.get(packetKey('lsst', alertId))) ?? ''))).toBe(true)
})

test.each([
  ['HUB_PACKET_EMPTY', Buffer.alloc(0)],
  ['HUB_PACKET_MAGIC', Buffer.from('not a packet')],
  ['HUB_AVRO_TRUNCATED', packet.subarray(0, 200)],
  ['HUB_SCHEMA_INVALID', framePacket(4242, Buffer.from([1, 2, 3]))],
])('what cannot be read (%s) is told and stops nothing', async (code, value) => {
  const { batchArchiver } = await open()
  const outcomes = await batchArchiver.archiveBatch([received(value), received(packet)])
  expect(kinds(outcomes)).toEqual(['unreadable', 'stored'])
  expect(outcomes[0]).toMatchObject({ error: { code } })
})

test('while the archive cannot be written to everything waits, and the same call succeeds later', async () => {
  const { dir, batchArchiver } = await open()
  // A file where the folder of packets should be: not even root can write there.
  writeFileSync(join(dir, 'objects', 'v2'), '')
  await expect(batchArchiver.archiveBatch([received(packet)])).rejects.toMatchObject({ code: 'HUB_ARCHIVE_WRITE' })
  rmSync(join(dir, 'objects', 'v2'))
  expect(kinds(await batchArchiver.archiveBatch([received(packet)]))).toEqual(['stored'])
})
