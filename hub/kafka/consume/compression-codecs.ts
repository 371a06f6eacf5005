// The compressions kafkajs lacks: snappy (raw, and in the framing Java writes), lz4 and zstd. gzip it has.
import kafkajs from 'kafkajs'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressSync, uncompressSync } from 'snappy'
import { HubError } from '../../errors.ts'

const { CompressionCodecs, CompressionTypes } = kafkajs

/** Begins the framing of xerial's snappy-java: eight bytes, two versions, then blocks each with its length. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEAD_BYTES = 16
const LENGTH_BYTES = 4

const uncompressRaw = (block: Buffer): Buffer => {
  const data = uncompressSync(block, { asBuffer: true })
  return typeof data === 'string' ? Buffer.from(data) : data
}

/** Decompresses snappy as Kafka's Java clients (framed) and librdkafka (raw) write it. Throws HubError HUB_CODEC. */
export const uncompressSnappy = (data: Buffer): Buffer => {
  if (!data.subarray(0, XERIAL.length).equals(XERIAL)) return uncompressRaw(data)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEAD_BYTES; at < data.length;) {
    const end = data.length - at < LENGTH_BYTES ? Infinity : at + LENGTH_BYTES + data.readUInt32BE(at)
    if (end > data.length)
      throw new HubError('HUB_CODEC', `A snappy batch is cut off: a block at byte ${at} of ${data.length} is not whole`)
    blocks.push(uncompressRaw(data.subarray(at + LENGTH_BYTES, end)))
    at = end
  }
  return Buffer.concat(blocks)
}

interface Codec {
  readonly compress: (encoder: { buffer: Buffer }) => Promise<Buffer>
  readonly decompress: (data: Buffer) => Promise<Buffer>
}

// Synchronous on purpose: kafkajs decompresses batch after batch anyway, and a thread pool made it slower (measured).
const codec = (compress: (data: Buffer) => Buffer, decompress: (data: Buffer) => Buffer) => (): Codec => ({
  // oxlint-disable-next-line require-await -- a rejection, not an exception, is what kafkajs expects
  compress: async encoder => compress(encoder.buffer),
  decompress: async data => decompress(data),
})

/** Teaches kafkajs snappy, lz4 and zstd, for every client of this process. Harmless when called twice. */
export const installCodecs = (): void => {
  CompressionCodecs[CompressionTypes.Snappy] = codec(data => compressSync(data), uncompressSnappy)
  CompressionCodecs[CompressionTypes.LZ4] = codec(
    data => compressFrameSync(data),
    data => decompressFrameSync(data),
  )
  CompressionCodecs[CompressionTypes.ZSTD] = codec(
    data => zstdCompressSync(data),
    data => zstdDecompressSync(data),
  )
}
