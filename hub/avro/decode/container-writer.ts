// Writes Avro object container files piece by piece: the schema first, then blocks of datums, deflated. avsc's BlockEncoder takes values, not bytes: it
// would decode and encode what has to leave as it came.
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'

const deflate = promisify(deflateRaw)
const SYNC_BYTES = 16

/** Avro's variable-length zigzag number. */
const long = (value: number): Buffer => {
  const bytes: number[] = []
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}
const sized = (bytes: Buffer): Buffer => Buffer.concat([long(bytes.length), bytes])

export interface ContainerWriter {
  /** What the file begins with. */
  readonly head: Buffer
  /** A block of datums, each in the file's schema. */
  block: (datums: readonly Buffer[]) => Promise<Buffer>
}

/** The pieces of a container file; whoever takes them puts them one behind another. */
export const containerWriter = (schemaJson: string): ContainerWriter => {
  const sync = randomBytes(SYNC_BYTES)
  const meta = Object.entries({ 'avro.schema': schemaJson, 'avro.codec': 'deflate' })
  const entries = meta.flatMap(([key, value]) => [sized(Buffer.from(key)), sized(Buffer.from(value))])
  return {
    head: Buffer.concat([Buffer.from('Obj\u0001', 'latin1'), long(meta.length), ...entries, long(0), sync]),
    block: async datums => Buffer.concat([long(datums.length), sized(await deflate(Buffer.concat(datums))), sync]),
  }
}
