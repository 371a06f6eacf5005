// A Produce request of version 11, with record batches of version 2, as parts: packets are not copied. Pure.
import { crc32c } from '@node-rs/crc32'
import { ByteParts, signedBytes } from './byte-parts.ts'

/** As the library hands messages on: partition chosen, keys and headers as bytes. */
export interface ProducedMessage {
  readonly topic: string
  readonly partition?: number | undefined
  readonly key?: Buffer | null | undefined
  readonly value?: Buffer | null
  readonly headers?: ReadonlyMap<Buffer, Buffer> | undefined
  /** Milliseconds since 1970. */
  readonly timestamp?: bigint
}

export interface ProduceOptions {
  readonly acks: number
  readonly timeoutMs: number
  readonly transactionalId?: string | null | undefined
  readonly producerId: bigint
  readonly producerEpoch: number
  /** The number of a partition's first message; the broker knows a request that comes twice by it. */
  readonly sequenceOf: (topic: string, partition: number) => number
  readonly nowMs: number
}

/** Before the records: base offset, length, epoch, magic, CRC, attributes, last offset, two times, producer, epoch, sequence, count. */
const BATCH_HEAD_BYTES = 61
/** The length does not count what lies before it, nor itself. */
const BEFORE_LENGTH_BYTES = 12
/** The CRC is of everything behind it. */
const CRC_AT = 17
const CRC_END = 21
const MAGIC = 2
const TRANSACTIONAL = 1 << 4
const NO_TAGS = 0

const lengthBytes = (value: Buffer | null | undefined): number =>
  value === null || value === undefined ? 1 : signedBytes(value.length) + value.length

const timeOf = ({ timestamp }: ProducedMessage, nowMs: number): number =>
  timestamp === undefined ? nowMs : Number(timestamp)

/** Bytes of a record behind its length. */
function recordBytes({ key, value, headers }: ProducedMessage, timeDelta: number, offset: number): number {
  let bytes = 1 + signedBytes(timeDelta) + signedBytes(offset) + lengthBytes(key) + lengthBytes(value)
  bytes += signedBytes(headers?.size ?? 0)
  for (const [name, text] of headers ?? []) bytes += lengthBytes(name) + lengthBytes(text)
  return bytes
}

function writeNullable(out: ByteParts, value: Buffer | null | undefined): void {
  if (value === null || value === undefined) return out.signed(-1)
  out.signed(value.length)
  out.bytes(value)
}

function writeBatch(out: ByteParts, messages: readonly ProducedMessage[], options: ProduceOptions): void {
  const { producerId, producerEpoch, transactionalId, sequenceOf, nowMs } = options
  const [first] = messages
  if (first === undefined) return
  const firstMs = timeOf(first, nowMs)
  const times = messages.map(message => timeOf(message, nowMs))
  const sizes = messages.map((message, at) => recordBytes(message, (times[at] ?? 0) - firstMs, at))
  const length = sizes.reduce((sum, size) => sum + signedBytes(size) + size, BATCH_HEAD_BYTES)
  out.unsigned(length + 1)
  out.cut()
  const head = out.reserve(BATCH_HEAD_BYTES)
  // The head is the beginning of the part that follows this cut.
  const part = out.cut() - 1
  head.writeBigInt64BE(0n, 0)
  head.writeInt32BE(length - BEFORE_LENGTH_BYTES, 8)
  head.writeInt32BE(0, 12)
  head.writeInt8(MAGIC, 16)
  head.writeInt16BE(transactionalId === null || transactionalId === undefined ? 0 : TRANSACTIONAL, 21)
  head.writeInt32BE(messages.length - 1, 23)
  head.writeBigInt64BE(BigInt(firstMs), 27)
  head.writeBigInt64BE(BigInt(times.reduce((newest, ms) => Math.max(newest, ms), firstMs)), 35)
  head.writeBigInt64BE(producerId, 43)
  head.writeInt16BE(producerEpoch, 51)
  head.writeInt32BE(sequenceOf(first.topic, first.partition ?? 0), 53)
  head.writeInt32BE(messages.length, 57)
  messages.forEach((message, at) => {
    out.signed(sizes[at] ?? 0)
    out.int8(0)
    out.signed((times[at] ?? 0) - firstMs)
    out.signed(at)
    writeNullable(out, message.key)
    writeNullable(out, message.value)
    out.signed(message.headers?.size ?? 0)
    for (const [name, text] of message.headers ?? []) {
      writeNullable(out, name)
      writeNullable(out, text)
    }
  })
  const end = out.cut()
  let checksum = crc32c(head.subarray(CRC_END))
  for (const bytes of out.parts.slice(part + 1, end)) checksum = crc32c(bytes, checksum)
  head.writeUInt32BE(checksum, CRC_AT)
}

function writeText(out: ByteParts, text: string): void {
  const bytes = Buffer.from(text)
  out.unsigned(bytes.length + 1)
  out.bytes(bytes)
}

/** The request behind its header. Messages of one partition become one batch, in their order. */
export function encodeProduce(messages: readonly ProducedMessage[], options: ProduceOptions): ByteParts {
  const out = new ByteParts()
  const { acks, timeoutMs, transactionalId } = options
  if (transactionalId === null || transactionalId === undefined) out.unsigned(0)
  else writeText(out, transactionalId)
  out.int16(acks)
  out.int32(timeoutMs)
  const topics = Map.groupBy(messages, ({ topic }) => topic)
  out.unsigned(topics.size + 1)
  for (const [topic, ofTopic] of topics) {
    writeText(out, topic)
    const partitions = Map.groupBy(ofTopic, ({ partition = 0 }) => partition)
    out.unsigned(partitions.size + 1)
    for (const [partition, batch] of partitions) {
      out.int32(partition)
      writeBatch(out, batch, options)
      out.unsigned(NO_TAGS)
    }
    out.unsigned(NO_TAGS)
  }
  out.unsigned(NO_TAGS)
  out.cut()
  return out
}
