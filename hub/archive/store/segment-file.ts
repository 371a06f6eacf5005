// The form of a segment: a head, then objects one after another, each behind its length, its key and a checksum. Append-only; a torn tail shows.
import { type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** Begins every segment; the number is the form's version. */
export const SEGMENT_HEAD = Buffer.from('SKYSEG01')
const MAGIC = 0x534b5950
/** Magic, key length, object length, checksum of key and object. */
const RECORD_HEAD_BYTES = 14
const MAX_OBJECT_BYTES = 256 * 1024 * 1024

/** A record in pieces, to be written one after another. */
export interface SegmentRecord {
  readonly pieces: readonly Uint8Array[]
  readonly bytes: number
  /** Where the object begins, counted from the record's beginning. */
  readonly objectAt: number
}

export const encodeRecord = (key: string, object: Uint8Array): SegmentRecord => {
  const name = Buffer.from(key)
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES)
  head.writeUInt32BE(MAGIC, 0)
  head.writeUInt16BE(name.length, 4)
  head.writeUInt32BE(object.length, 6)
  head.writeUInt32BE(crc32(object, crc32(name)), 10)
  const objectAt = RECORD_HEAD_BYTES + name.length
  return { pieces: [head, name, object], bytes: objectAt + object.length, objectAt }
}

/** A whole record found in a file. */
export interface FoundRecord {
  readonly key: string
  /** Where its object begins in the file, and its size. */
  readonly at: number
  readonly bytes: number
  /** Where the next record begins. */
  readonly next: number
}

/** The records from a position on, up to the first that is torn or not there. */
export async function* scanSegment(file: FileHandle, from: number): AsyncGenerator<FoundRecord> {
  const read = async (at: number, bytes: number): Promise<Buffer | undefined> => {
    const buffer = Buffer.allocUnsafe(bytes)
    const { bytesRead } = await file.read(buffer, 0, bytes, at)
    return bytesRead === bytes ? buffer : undefined
  }
  for (let at = Math.max(from, SEGMENT_HEAD.length); ;) {
    const head = await read(at, RECORD_HEAD_BYTES)
    if (head === undefined || head.readUInt32BE(0) !== MAGIC) return
    const [nameBytes, bytes] = [head.readUInt16BE(4), head.readUInt32BE(6)]
    if (bytes > MAX_OBJECT_BYTES) return
    const rest = await read(at + RECORD_HEAD_BYTES, nameBytes + bytes)
    if (rest === undefined || crc32(rest) !== head.readUInt32BE(10)) return
    const objectAt = at + RECORD_HEAD_BYTES + nameBytes
    at = objectAt + bytes
    yield { key: rest.toString('utf8', 0, nameBytes), at: objectAt, bytes, next: at }
  }
}
