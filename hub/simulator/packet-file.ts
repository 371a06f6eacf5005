// A file of ready packets: a fixed head, the packets of visit after visit, each behind its length, and an index at the end.
// Written beside its final name and renamed when complete, so that a file under its name is whole or was cut later, which the head tells.
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { HubError } from '../errors.ts'
import { type SchemaText } from '../registry/client/registry-client.ts'

const MAGIC = Buffer.from('SKYSTRM1', 'ascii')
/** Magic, then where the index begins and how long it is, both as 64-bit big-endian. */
const HEAD_BYTES = 24
const LENGTH_BYTES = 4
const WRITE_BYTES = 8 << 20
const READ_BYTES = 8 << 20

/** Where a visit's packets are. */
interface VisitEntry {
  readonly visit: bigint
  readonly packets: number
  readonly offset: number
  readonly bytes: number
}

export interface PacketFileWriter {
  /** Packets added from now on belong to that visit. */
  beginVisit(visit: bigint): void
  add(packet: Buffer): Promise<void>
  /** Writes the index, syncs and gives the file its name. */
  finish(): Promise<readonly VisitEntry[]>
  /** Removes what was written. Harmless after `finish`. */
  discard(): Promise<void>
}

export interface PacketFile {
  readonly schemas: readonly SchemaText[]
  readonly visits: readonly VisitEntry[]
  /** The packets of a visit in their order, each in memory of its own chunk. Throws HubError HUB_PACKET_FILE_INVALID. */
  packetsOf(visit: VisitEntry): AsyncGenerator<Buffer>
  close(): Promise<void>
}

/** Begins a file of packets. */
export const createPacketFile = async (path: string, schemas: readonly SchemaText[]): Promise<PacketFileWriter> => {
  const unfinished = `${path}.unfinished`
  const file = await open(unfinished, 'w')
  const visits: { visit: bigint; packets: number; offset: number; bytes: number }[] = []
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let position = HEAD_BYTES
  let isOpen = true

  const write = async (): Promise<void> => {
    const chunk = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    await writeAll(file, chunk, position)
    position += chunk.length
  }
  return {
    beginVisit: visit => {
      visits.push({ visit, packets: 0, offset: position + waitingBytes, bytes: 0 })
    },
    add: async packet => {
      const visit = visits.at(-1)
      if (visit === undefined) throw new RangeError('A packet was added before the first visit began')
      const length = Buffer.allocUnsafe(LENGTH_BYTES)
      length.writeUInt32BE(packet.length)
      waiting.push(length, packet)
      waitingBytes += LENGTH_BYTES + packet.length
      visit.packets++
      visit.bytes += LENGTH_BYTES + packet.length
      if (waitingBytes >= WRITE_BYTES) await write()
    },
    finish: async () => {
      await write()
      const entries = visits.map(({ visit, ...rest }) => ({ visit: String(visit), ...rest }))
      const index = Buffer.from(JSON.stringify({ schemas, visits: entries }))
      await writeAll(file, index, position)
      const head = Buffer.alloc(HEAD_BYTES)
      MAGIC.copy(head)
      head.writeBigUInt64BE(BigInt(position), MAGIC.length)
      head.writeBigUInt64BE(BigInt(index.length), MAGIC.length + 8)
      await writeAll(file, head, 0)
      await file.sync()
      await file.close()
      isOpen = false
      await rename(unfinished, path)
      return visits
    },
    discard: async () => {
      if (!isOpen) return
      isOpen = false
      await file.close()
      await rm(unfinished, { force: true })
    },
  }
}

/** Opens a file of packets and checks that it is whole. Throws HubError HUB_PACKET_FILE_INVALID. */
export const openPacketFile = async (path: string): Promise<PacketFile> => {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const head = await readAll(file, 0, Math.min(HEAD_BYTES, size))
    if (!head.subarray(0, MAGIC.length).equals(MAGIC) || head.length < HEAD_BYTES)
      throw invalid(path, 'it does not begin like one; make one with skysieve stream create')
    const indexAt = Number(head.readBigUInt64BE(MAGIC.length))
    const indexBytes = Number(head.readBigUInt64BE(MAGIC.length + 8))
    if (indexAt + indexBytes !== size)
      throw invalid(path, `it has ${size} bytes and should have ${indexAt + indexBytes}; copy or create it again`)
    const index = parseIndex(path, await readAll(file, indexAt, indexBytes))
    return {
      ...index,
      packetsOf: entry => packetsOf(path, file, entry),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function* packetsOf(path: string, file: FileHandle, { visit, packets, offset, bytes }: VisitEntry) {
  const end = offset + bytes
  let found = 0
  let readBytes = READ_BYTES
  for (let at = offset; at < end;) {
    const chunk = await readAll(file, at, Math.min(readBytes, end - at))
    readBytes = READ_BYTES
    let used = 0
    while (used + LENGTH_BYTES <= chunk.length) {
      const next = used + LENGTH_BYTES + chunk.readUInt32BE(used)
      if (next > chunk.length) {
        readBytes = Math.max(READ_BYTES, next - used)
        break
      }
      yield chunk.subarray(used + LENGTH_BYTES, next)
      found++
      used = next
    }
    if (used === 0 && (at + readBytes > end || chunk.length === readBytes))
      throw invalid(path, `packet ${found + 1} of visit ${visit} runs past the visit's end`)
    at += used
  }
  if (found !== packets) throw invalid(path, `visit ${visit} has ${found} packets and the index says ${packets}`)
}

const Index = Type.Object({
  schemas: Type.Array(Type.Object({ id: Type.Integer(), schemaJson: Type.String() })),
  visits: Type.Array(
    Type.Object({
      visit: Type.String({ pattern: String.raw`^\d{1,19}$` }),
      packets: Type.Integer({ minimum: 0 }),
      offset: Type.Integer({ minimum: HEAD_BYTES }),
      bytes: Type.Integer({ minimum: 0 }),
    }),
  ),
})

const parseIndex = (path: string, text: Buffer): { schemas: SchemaText[]; visits: VisitEntry[] } => {
  try {
    const { schemas, visits } = Value.Parse(Index, JSON.parse(text.toString()))
    return { schemas, visits: visits.map(({ visit, ...rest }) => ({ visit: BigInt(visit), ...rest })) }
  } catch (cause) {
    throw invalid(path, 'its index cannot be read', cause)
  }
}

const invalid = (path: string, reason: string, cause?: unknown): HubError =>
  new HubError('HUB_PACKET_FILE_INVALID', `${path} is not a whole file of packets: ${reason}`, { cause })

const writeAll = async (file: FileHandle, bytes: Buffer, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

const readAll = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafeSlow(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}
