// Files of ready packets: what goes in comes out, and a file that was cut or is something else is refused.
import { mkdtemp, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createPacketFile, openPacketFile } from './packet-file.ts'

let dir = ''
let count = 0
const newPath = (): string => join(dir, `${count++}.packets`)
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-packets-'))
})

const schemas = [{ id: 1100, schemaJson: '{"type":"record"}' }]
type Visits = readonly { readonly visit: bigint; readonly packets: readonly Uint8Array[] }[]

const write = async (path: string, visits: Visits): Promise<void> => {
  const writer = await createPacketFile(path, schemas)
  for (const { visit, packets } of visits) {
    writer.beginVisit(visit)
    for (const packet of packets) await writer.add(Buffer.from(packet))
  }
  await writer.finish()
}

const read = async (path: string) => {
  const file = await openPacketFile(path)
  try {
    const visits = []
    for (const entry of file.visits) {
      const packets: Buffer[] = []
      for await (const packet of file.packetsOf(entry)) packets.push(packet)
      visits.push({ visit: entry.visit, packets })
    }
    return { schemas: file.schemas, visits }
  } finally {
    await file.close()
  }
}

test('any visits of any packets come back as they were written', async () => {
  const packets = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 })
  const visits = fc.array(fc.record({ visit: fc.bigInt(0n, 2n ** 63n - 1n), packets }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(visits, async written => {
      const path = newPath()
      await write(path, written)
      const plain = written.map(({ visit, packets }) => ({ visit, packets: packets.map(one => Buffer.from(one)) }))
      expect(await read(path)).toEqual({ schemas, visits: plain })
    }),
    { numRuns: 40 },
  )
})

test('packets larger than a read come back whole', async () => {
  const path = newPath()
  const packets = [9_000_000, 10, 20_000_000, 12].map((bytes, at) => Buffer.alloc(bytes, at + 1))
  await write(path, [{ visit: 1n, packets }])
  const [visit] = (await read(path)).visits
  expect(visit?.packets.map((packet, at) => packet.equals(packets[at] ?? Buffer.alloc(0)))).toEqual([
    true,
    true,
    true,
    true,
  ])
})

test('a file that was cut says how long it should be', async () => {
  const path = newPath()
  await write(path, [{ visit: 1n, packets: [Buffer.alloc(1000)] }])
  const { size } = await stat(path)
  await truncate(path, size - 10)
  await expect(openPacketFile(path)).rejects.toMatchObject({
    code: 'HUB_PACKET_FILE_INVALID',
    message: expect.stringContaining(`has ${size - 10} bytes and should have ${size}`) as string,
  })
})

test('another file, or an empty one, is refused', async () => {
  for (const content of ['', 'SKY', 'PK\u0003\u0004 something else entirely that is long enough']) {
    const path = newPath()
    await writeFile(path, content)
    await expect(openPacketFile(path)).rejects.toMatchObject({ code: 'HUB_PACKET_FILE_INVALID' })
  }
})

test('a length that was overwritten is found when its visit is read', async () => {
  const path = newPath()
  await write(path, [{ visit: 1n, packets: [Buffer.alloc(1000), Buffer.alloc(1000)] }])
  const bytes = await readFile(path)
  bytes.writeUInt32BE(5000, 24)
  await writeFile(path, bytes)
  await expect(read(path)).rejects.toMatchObject({ code: 'HUB_PACKET_FILE_INVALID' })
})

test('a file that is not finished has no name yet, and a discarded one leaves nothing', async () => {
  const path = newPath()
  const writer = await createPacketFile(path, schemas)
  writer.beginVisit(1n)
  await writer.add(Buffer.alloc(10))
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  await writer.discard()
  await expect(stat(`${path}.unfinished`)).rejects.toMatchObject({ code: 'ENOENT' })
})
