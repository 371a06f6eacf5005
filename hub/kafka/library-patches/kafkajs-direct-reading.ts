// Two changes of kafkajs 2.2.4: it reads a response into one buffer of its size instead of joining chunks of 64 KB (half of a feed's CPU), and computes
// CRC32C natively, after both have given the same for a probe. With any other version or shape of the library nothing is changed.
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { crc32c } from '@node-rs/crc32'
import { type ISocketFactory } from 'kafkajs'

const VERSION = '2.2.4'
const READ_BYTES = 256 * 1024
const KEEP_ALIVE_MS = 60_000
/** A response above this is no Kafka response (16 MB batches, fetches of at most some 10 MB). */
const MAX_RESPONSE_BYTES = 512 * 1024 * 1024
const MIN_RESPONSE_BYTES = 4
const HEAD_BYTES = 4

const require = createRequire(import.meta.url)

interface Reading {
  readonly head: Buffer
  headBytes: number
  body: Buffer | undefined
  bodyBytes: number
}

/** What is used of kafkajs' connection. */
interface Connection {
  authHandlers: unknown
  readonly socket: Socket
  readonly requestQueue: {
    fulfillRequest: (response: { size: number; correlationId: number; payload: Buffer }) => void
    rejectAll: (error: Error) => void
  }
  processData: (data: Buffer) => void
}

export const isKnownVersion = (): boolean => {
  const { version }: { version?: unknown } = require('kafkajs/package.json')
  return version === VERSION
}

/** One for each of our sockets; a connection that reconnects has a new socket, and so starts a response anew. */
const readings = new WeakMap<Socket, Reading>()

const take = (connection: Connection, reading: Reading, data: Buffer): void => {
  let at = 0
  while (at < data.length) {
    if (reading.body === undefined) {
      const copied = data.copy(reading.head, reading.headBytes, at)
      reading.headBytes += copied
      at += copied
      if (reading.headBytes < HEAD_BYTES) return
      const size = reading.head.readInt32BE(0)
      if (size < MIN_RESPONSE_BYTES || size > MAX_RESPONSE_BYTES) {
        connection.socket.destroy(new Error(`A response announces ${size} bytes; the peer is not a Kafka broker`))
        return
      }
      reading.body = Buffer.allocUnsafeSlow(size)
      reading.bodyBytes = 0
      reading.headBytes = 0
    }
    const copied = data.copy(reading.body, reading.bodyBytes, at)
    reading.bodyBytes += copied
    at += copied
    if (reading.bodyBytes === reading.body.length) {
      const { body } = reading
      reading.body = undefined
      connection.requestQueue.fulfillRequest({
        size: body.length,
        correlationId: body.readInt32BE(0),
        payload: body.subarray(HEAD_BYTES),
      })
    }
  }
}

/** One reused read buffer; what arrives in it is copied out before the callback returns. */
const readingSocket: ISocketFactory = ({ host, port, onConnect }) => {
  const socket: Socket = connect(
    {
      host,
      port,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes, buffer) => {
          socket.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
          return true
        },
      },
    },
    onConnect,
  )
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  readings.set(socket, { head: Buffer.alloc(HEAD_BYTES), headBytes: 0, body: undefined, bodyBytes: 0 })
  return socket
}

let socketFactory: ISocketFactory | undefined | 'untried' = 'untried'

/** The socket factory for plain (not TLS) connections; undefined where kafkajs is not the version this was written for. */
export const directReading = (): ISocketFactory | undefined => {
  if (socketFactory !== 'untried') return socketFactory
  socketFactory = undefined
  if (!isKnownVersion()) return undefined
  const { prototype }: { prototype?: Connection } = require('kafkajs/src/network/connection.js')
  const original = prototype?.processData
  if (prototype === undefined || typeof original !== 'function') return undefined
  prototype.processData = function processData(this: Connection, data: Buffer): void {
    const reading = readings.get(this.socket)
    if (reading === undefined) original.call(this, data)
    // Old authentication, which a current broker does not ask for, keeps the bytes it is handed: they are copied for it.
    else if (this.authHandlers !== null && this.authHandlers !== undefined) original.call(this, Buffer.from(data))
    else take(this, reading, data)
  }
  socketFactory = readingSocket
  return socketFactory
}

const installChecksum = (): boolean => {
  if (!isKnownVersion()) return false
  const file = require.resolve('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js')
  // Whoever has loaded kafkajs before this file keeps the plain way.
  if (require.cache[file] !== undefined) return false
  const original = require(file) as unknown
  const cached = require.cache[file] as NodeJS.Module | undefined
  const probe = Buffer.from('123456789')
  if (typeof original !== 'function' || cached === undefined || original(probe) !== crc32c(probe)) return false
  cached.exports = crc32c
  return true
}

/** Whether kafkajs computes its CRC32C natively. Decided when this file is loaded, which has to be before kafkajs is. */
export const hasNativeChecksum: boolean = installChecksum()
