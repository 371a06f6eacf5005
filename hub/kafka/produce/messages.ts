// Messages on their way to a broker: their form, their size, and how many of them go into one request. Pure.

type HeaderValue = string | Uint8Array

/** A message to write. `value: null` is a tombstone. */
export interface Message {
  readonly topic: string
  /** By the key's hash, or in turn, where absent. */
  readonly partition?: number
  readonly key?: string | Buffer | null
  readonly value: string | Buffer | null
  /** In the form kafkajs hands headers out: a name may have several values. */
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
  /** Milliseconds since 1970; now where absent. */
  readonly timestampMs?: number
}

/** Far below socket.request.max.bytes (100 MB), above which a broker closes the connection, and below message.max.bytes
 * (16 MB), as all messages of one partition in a request become one batch. */
export const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** Lengths, offsets and timestamps of one record, generously. */
const RECORD_BYTES = 64
const HEADER_BYTES = 12

const toBuffer = (value: HeaderValue): Buffer =>
  typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

const valuesOf = (value: HeaderValue | readonly HeaderValue[] | undefined): readonly HeaderValue[] =>
  value === undefined ? [] : typeof value === 'string' || value instanceof Uint8Array ? [value] : value

/** Headers as @platformatic/kafka takes them; two Buffers are two keys, so that a name may repeat. */
export const encodeHeaders = (headers: Message['headers'] = {}): Map<Buffer, Buffer> =>
  new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      valuesOf(value).map(one => [Buffer.from(name), toBuffer(one)] as const),
    ),
  )

const bytesOf = (part: string | Buffer | null | undefined): number =>
  part === null || part === undefined ? 0 : typeof part === 'string' ? Buffer.byteLength(part) : part.length

/** Bytes of a message in a request; an upper bound for any of real size. */
export const messageBytes = ({ key, value, headers = {} }: Message): number => {
  const ofHeaders = Object.entries(headers)
    .flatMap(([name, header]) => valuesOf(header).map(one => HEADER_BYTES + bytesOf(name) + toBuffer(one).length))
    .reduce((sum, bytes) => sum + bytes, 0)
  return RECORD_BYTES + bytesOf(key) + bytesOf(value) + ofHeaders
}

/** Cuts messages into requests, in their order. A message larger than a request is one of its own. */
export function* cutRequests<M extends Message>(messages: Iterable<M>, maxBytes = MAX_REQUEST_BYTES): Generator<M[]> {
  let request: M[] = []
  let requestBytes = 0
  for (const message of messages) {
    const bytes = messageBytes(message)
    if (request.length > 0 && requestBytes + bytes > maxBytes) {
      yield request
      request = []
      requestBytes = 0
    }
    request.push(message)
    requestBytes += bytes
  }
  if (request.length > 0) yield request
}
