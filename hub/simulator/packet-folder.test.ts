// Folders of real packets: grouped by visit in one order, bytes unchanged, bad files named and left out.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import avsc from 'avsc'
import { expect, test } from 'vitest'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
import { framePacket } from '../packet-frame.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { rememberSchemas } from '../avro/schema/schema-cache.ts'
import { type PacketFolder, readPacketFolder, type FolderSchemas, folderVisits } from './packet-folder.ts'

const synthetic = openSyntheticSource({ seed: 11 })
const schemas: FolderSchemas = {
  schemaOf: rememberSchemas(async id => (id === 1100 ? synthetic.schemaJson : undefined)),
  idOf: async () => 100_000,
}

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'skysieve-tree-'))

const allPackets = async (tree: PacketFolder): Promise<Buffer[]> => {
  const packets: Buffer[] = []
  for await (const visit of folderVisits(tree, schemas).visits())
    for await (const packet of visit.read()) packets.push(packet)
  return packets
}

const long = (value: number): Buffer => avsc.Type.forSchema('long').toBuffer(value)

/** An object container with one block, built by hand from the specification. */
const container = (schemaJson: string, datums: readonly Buffer[]): Buffer => {
  const bytes = (value: Buffer): Buffer => Buffer.concat([long(value.length), value])
  const sync = Buffer.alloc(16, 7)
  const block = Buffer.concat(datums)
  return Buffer.concat([
    Buffer.from('Obj\u0001'),
    long(1),
    bytes(Buffer.from('avro.schema')),
    bytes(Buffer.from(schemaJson)),
    long(0),
    sync,
    long(datums.length),
    bytes(block),
    sync,
  ])
}

test('framed files are grouped by visit, visits and files in order, bytes unchanged', async () => {
  const dir = await newFolder()
  await mkdir(join(dir, 'deeper'))
  const made = [1, 0].flatMap(night => [0, 1, 2].map(number => ({ night, number, ...synthetic.packet(night, number) })))
  for (const { night, number, packet } of made)
    await writeFile(join(dir, number === 1 ? 'deeper' : '.', `${night}-${number}.bin`), packet)
  const tree = await readPacketFolder(dir, schemas)
  expect(tree.bad).toEqual([])
  expect(tree.visits.map(({ visit, packets }) => [visit, packets.length])).toEqual([
    [2026090100001n, 3],
    [2026090100002n, 3],
  ])
  const wanted = [0, 1].flatMap(visit => [0, 2, 1].map(number => synthetic.packet(visit, number).packet))
  const found = await allPackets(tree)
  expect(found.map((packet, at) => packet.equals(wanted[at] ?? Buffer.alloc(0)))).toEqual(Array(6).fill(true))
})

test('datums of a container are framed with the id of its schema, and its stream is known by its fields', async () => {
  const dir = await newFolder()
  const schemaJson = JSON.stringify({
    type: 'record',
    name: 'ztf.alert',
    fields: [
      { name: 'candid', type: 'long' },
      { name: 'candidate', type: { type: 'record', name: 'candidate', fields: [{ name: 'pid', type: 'long' }] } },
    ],
  })
  const { type } = parseSchema(schemaJson)
  const datums = [1n, 2n, 3n].map(candid =>
    type.toBuffer({ candid, candidate: { pid: candid === 3n ? 697252840099n : 697252850015n } }),
  )
  await writeFile(join(dir, 'night.avro'), container(schemaJson, datums))
  const own: FolderSchemas = { schemaOf: rememberSchemas(async () => schemaJson), idOf: async () => 100_007 }
  const tree = await readPacketFolder(dir, own)
  expect(tree.visits.map(({ stream, visit, packets }) => [stream.name, visit, packets.length])).toEqual([
    ['ztf', 69725284n, 1],
    ['ztf', 69725285n, 2],
  ])
  const packets: Buffer[] = []
  for await (const visit of folderVisits(tree, own).visits())
    for await (const packet of visit.read()) packets.push(packet)
  expect(packets).toEqual(
    [datums[2], datums[0], datums[1]].map(datum => framePacket(100_007, datum ?? Buffer.alloc(0))),
  )
})

test('files that cannot be played are named with the reason, and the rest is played', async () => {
  const dir = await newFolder()
  const { packet } = synthetic.packet(0, 0)
  await writeFile(join(dir, 'good.bin'), packet)
  await writeFile(join(dir, 'cut.bin'), packet.subarray(0, 50_000))
  await writeFile(join(dir, 'empty.bin'), '')
  await writeFile(join(dir, 'magic.bin'), Buffer.concat([Buffer.from([1]), packet]))
  await writeFile(join(dir, 'text.avro'), 'not a container')
  await writeFile(join(dir, 'notes.txt'), 'not looked at')
  await writeFile(join(dir, 'other.bin'), framePacket(704, Buffer.from('unknown schema')))
  const tree = await readPacketFolder(dir, schemas)
  expect(tree.visits.map(({ packets }) => packets.length)).toEqual([1])
  expect(tree.bad.map(({ file }) => file.slice(dir.length + 1))).toEqual([
    'cut.bin',
    'empty.bin',
    'magic.bin',
    'text.avro',
  ])
  expect(tree.bad.every(({ reason }) => reason.length > 10)).toBe(true)
  expect([...tree.unknownSchemas]).toEqual([[704, [join(dir, 'other.bin')]]])
})

test('a folder without packets, or none at all, is refused by name', async () => {
  const dir = await newFolder()
  for (const path of [dir, join(dir, 'missing')])
    await expect(readPacketFolder(path, schemas)).rejects.toMatchObject({
      code: 'HUB_PACKET_TREE_EMPTY',
      message: expect.stringContaining(path) as string,
    })
})

test('a registry that does not answer is no fault of the files', async () => {
  const dir = await newFolder()
  await writeFile(join(dir, 'good.bin'), synthetic.packet(0, 0).packet)
  const gone = new HubError('HUB_REGISTRY_UNREACHABLE', 'gone')
  await expect(readPacketFolder(dir, { ...schemas, schemaOf: () => Promise.reject(gone) })).rejects.toMatchObject({
    code: 'HUB_REGISTRY_UNREACHABLE',
  })
})

const DATA = resolve(import.meta.dirname, '../../../shared/data')
test.runIf(existsSync(DATA))(
  'every real packet has a visit, and the bytes of framed ones are those of their files',
  async () => {
    const versions = new Map<number, string>()
    for (const major of await readdir(join(DATA, 'schemas/lsst')))
      for (const minor of /^\d+$/.test(major) ? await readdir(join(DATA, 'schemas/lsst', major)) : [])
        versions.set(Number(major) * 100 + Number(minor), join(DATA, 'schemas/lsst', major, minor))
    const schemaOf = rememberSchemas(async id => assembleSchema(versions.get(id) ?? ''))
    const lsst = await readPacketFolder(join(DATA, 'lsst'), { ...schemas, schemaOf })
    expect([lsst.bad, lsst.unknownSchemas.size]).toEqual([[], 0])
    const files = (await readdir(join(DATA, 'lsst'), { recursive: true })).filter(name => name.endsWith('.bin'))
    const packets = await allPackets(lsst)
    expect(packets).toHaveLength(files.length)
    const [first] = lsst.visits[0]?.packets ?? []
    expect(packets[0]?.equals(await readFile(first?.file ?? ''))).toBe(true)
    const texts = new Map<string, number>()
    const idOf = async (text: string): Promise<number> => {
      const id = texts.get(text) ?? 100_000 + texts.size
      texts.set(text, id)
      return id
    }
    const ztfSchemas: FolderSchemas = {
      idOf,
      schemaOf: rememberSchemas(async id => [...texts].find(([, known]) => known === id)?.[0]),
    }
    const ztf = await readPacketFolder(join(DATA, 'ztf'), ztfSchemas)
    expect(ztf.bad).toEqual([])
    expect(ztf.visits.every(({ stream }) => stream.name === 'ztf')).toBe(true)
    expect(ztf.visits.length).toBeGreaterThan(0)
  },
)
