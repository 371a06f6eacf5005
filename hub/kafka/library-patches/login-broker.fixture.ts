// A broker that knows no more than the login by SASL PLAIN, for what cannot be asked of a real one.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** How it treats a connection: refuses the login and closes 100 ms later, as Kafka does, or takes it and closes at once or never. */
export type LoginAnswer = 'refused' | 'taken-and-closed' | 'taken'

const [API_VERSIONS, SASL_HANDSHAKE] = [18, 17]
const SASL_AUTHENTICATE = 36
const AUTHENTICATION_FAILED = 58
const REFUSED_CLOSE_MS = 100
const SESSION_MS = 3_600_000n
const SIZE_BYTES = 4

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const session = (): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(SESSION_MS)
  return bytes
}

/** Behind the correlation id: versions (one API), mechanisms (one), or the outcome with a session of an hour. */
function bodyOf(api: number, isRefused: boolean): Buffer {
  if (api === API_VERSIONS)
    return Buffer.concat([int16(0), int32(1), int16(SASL_AUTHENTICATE), int16(0), int16(2), int32(0)])
  if (api === SASL_HANDSHAKE) return Buffer.concat([int16(0), int32(1), int16(5), Buffer.from('PLAIN')])
  const [noTags, noText, noBytes] = [Buffer.of(0), Buffer.of(0), Buffer.of(1)]
  return Buffer.concat([noTags, int16(isRefused ? AUTHENTICATION_FAILED : 0), noText, noBytes, session(), noTags])
}

function serve(socket: Socket, answer: LoginAnswer): void {
  let received = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', data => {
    received = Buffer.concat([received, data])
    while (received.length >= SIZE_BYTES && received.length >= SIZE_BYTES + received.readInt32BE(0)) {
      const [size, api, correlationId] = [received.readInt32BE(0), received.readInt16BE(4), received.readInt32BE(8)]
      received = received.subarray(SIZE_BYTES + size)
      const body = Buffer.concat([int32(correlationId), bodyOf(api, answer === 'refused')])
      socket.write(Buffer.concat([int32(body.length), body]))
      if (api !== SASL_AUTHENTICATE) continue
      if (answer === 'taken-and-closed') socket.end()
      if (answer === 'refused') setTimeout(() => socket.end(), REFUSED_CLOSE_MS)
    }
  })
}

/** Treats the first connection by the first answer, and so on; all others by the last. */
export async function startLoginBroker(answers: readonly LoginAnswer[]): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    serve(socket, answers[Math.min(connections++, answers.length - 1)] ?? 'taken')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
