// Avro object container files, as ZTF publishes its alerts: a schema, then blocks of datums, each block perhaps compressed. Not by avsc's BlockDecoder
// (5.7.9): it takes a file that was cut off, or has more datums than a block says, for a whole one, and a header of 15 bytes that announces 2^50 entries
// keeps it busy for ever. Here each part is walked within its bounds before avsc reads it.
import { crc32, inflateRawSync } from 'node:zlib'
import { uncompressSync } from 'snappy'
import { HubError } from '../../errors.ts'
import { endOf } from './check-bytes.ts'
import { type AvroSchema } from '../schema/node.ts'
import { parseSchema } from '../schema/parse-schema.ts'

/** A file with more than this after decompression is refused: a few bytes can claim gigabytes. */
const MAX_BYTES = 256 * 1024 * 1024
/** Each is an object of its own, however short. */
const MAX_DATUMS = 1_000_000

const SYNC = { type: 'fixed', name: 'Sync', size: 16 }
const HEADER = parseSchema(
  JSON.stringify({
    type: 'record',
    name: 'Header',
    fields: [
      { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
      { name: 'meta', type: { type: 'map', values: 'bytes' } },
      { name: 'sync', type: SYNC },
    ],
  }),
)
const BLOCK = parseSchema(
  JSON.stringify({
    type: 'record',
    name: 'Block',
    fields: [
      { name: 'count', type: 'long' },
      { name: 'data', type: 'bytes' },
      { name: 'sync', type: SYNC },
    ],
  }),
)

interface Header {
  readonly meta: Readonly<Record<string, Buffer | undefined>>
  readonly sync: Buffer
}
interface Block {
  readonly count: bigint
  readonly data: Buffer
  readonly sync: Buffer
}

export interface Container {
  /** The embedded schema as the file has it. */
  readonly schemaJson: string
  /** The Avro bytes of each datum, without any frame. */
  readonly datums: readonly Buffer[]
}

export interface ContainerLimits {
  /** Of all datums together, decompressed. Default 256 MB. */
  readonly maxBytes?: number
  /** Default a million. */
  readonly maxDatums?: number
  /** How an embedded schema is parsed: one that remembers them saves most of the time of a small file. */
  readonly parse?: (schemaJson: string) => AvroSchema
}

/** Reads a whole container file (codecs null, deflate and snappy). Throws HubError HUB_CONTAINER_INVALID, HUB_SCHEMA_INVALID, HUB_AVRO_…. */
export const readContainer = (file: Buffer, limits: ContainerLimits = {}): Container => {
  const { maxBytes = MAX_BYTES, maxDatums = MAX_DATUMS, parse = parseSchema } = limits
  if (file.toString('latin1', 0, 4) !== 'Obj\u0001')
    throw new HubError(
      'HUB_CONTAINER_INVALID',
      'The file does not begin with "Obj\\x01", so it is no Avro object container',
    )
  let at = 0
  const next = (schema: AvroSchema): Buffer => {
    const from = at
    at += endOf(schema, file.subarray(from))
    return file.subarray(from, at)
  }
  const { meta, sync }: Header = HEADER.type.fromBuffer(next(HEADER))
  const schemaJson = meta['avro.schema']?.toString('utf8')
  if (schemaJson === undefined) throw new HubError('HUB_CONTAINER_INVALID', 'The file’s header has no avro.schema')
  const schema = parse(schemaJson)
  const codec = meta['avro.codec']?.toString('utf8') ?? 'null'
  const datums: Buffer[] = []
  let leftBytes = maxBytes
  while (at < file.length) {
    const begin = at
    const block: Block = BLOCK.type.fromBuffer(next(BLOCK))
    if (!block.sync.equals(sync))
      throw new HubError('HUB_CONTAINER_INVALID', `The block at byte ${begin} does not end with the file's sync marker`)
    if (block.count > BigInt(maxDatums - datums.length))
      throw new HubError('HUB_CONTAINER_INVALID', `The file has more than ${maxDatums} datums`)
    const plain = unpack(codec, block.data, leftBytes)
    leftBytes -= plain.length
    split(schema, plain, block.count, datums)
  }
  return { schemaJson, datums }
}

const split = (schema: AvroSchema, data: Buffer, count: bigint, datums: Buffer[]): void => {
  let rest = data
  for (let i = 0n; i < count; i++) {
    if (rest.length === 0) break
    const end = endOf(schema, rest)
    if (end === 0) throw new HubError('HUB_CONTAINER_INVALID', 'A datum of the file has no bytes')
    datums.push(rest.subarray(0, end))
    rest = rest.subarray(end)
    if (i === count - 1n && rest.length === 0) return
  }
  if (count === 0n && data.length === 0) return
  throw new HubError('HUB_CONTAINER_INVALID', `A block announces ${count} datums and holds another number of them`)
}

const unpack = (codec: string, data: Buffer, maxBytes: number): Buffer => {
  try {
    if (codec === 'null') return within(data, maxBytes)
    if (codec === 'deflate') return inflateRawSync(data, { maxOutputLength: Math.max(1, maxBytes) })
    if (codec === 'snappy') return unsnap(data, maxBytes)
  } catch (cause) {
    throw new HubError('HUB_CONTAINER_INVALID', `A block cannot be unpacked (codec ${codec}): ${String(cause)}`, {
      cause,
    })
  }
  throw new HubError('HUB_CONTAINER_INVALID', `The file is compressed by ${codec}; null, deflate and snappy are read`)
}

const within = (data: Buffer, maxBytes: number): Buffer => {
  if (data.length > maxBytes)
    throw new RangeError(`the file has more than its limit, of which ${maxBytes} bytes are left`)
  return data
}

/** Avro puts the CRC-32 of the data, big-endian, behind a snappy block. */
const unsnap = (data: Buffer, maxBytes: number): Buffer => {
  const body = data.subarray(0, -4)
  let bytes = 0
  for (let i = 0; i < 5; i++) {
    bytes += ((body[i] ?? 0) & 127) * 128 ** i
    if ((body[i] ?? 0) < 128) break
  }
  if (bytes > maxBytes) throw new RangeError(`it claims ${bytes} bytes`)
  const plain = Buffer.from(uncompressSync(body, { asBuffer: true }))
  if (crc32(plain) !== data.readUInt32BE(data.length - 4)) throw new RangeError('its checksum is wrong')
  return plain
}
