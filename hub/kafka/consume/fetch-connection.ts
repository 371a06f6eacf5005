// A connection to one broker for answers of megabytes. The socket reads into one buffer that is used again, and each answer is put together in one of its own
// (whole-answers.ts); the library's connection takes new memory for each 64 KB and copies packets out of it, which nearly doubles the CPU of reading alerts.
// Requests, answers and the login are @platformatic/kafka's, by its public interface.
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import {
  type Connection,
  fetchV13,
  NetworkError,
  Reader,
  saslAuthenticateV2,
  saslHandshakeV1,
  saslScramSha,
  Writer,
} from '@platformatic/kafka'
import { type BrokerAccess, timeoutsOf } from '../broker-access.ts'
import { wholeAnswers } from './whole-answers.ts'

type Fetch = Parameters<typeof fetchV13.createRequest>
export type Fetched = ReturnType<typeof fetchV13.parseResponse>

/** One request at a time. */
export interface FetchConnection {
  /** False once it has ended, or its session is about to: open another one then. */
  readonly isUsable: boolean
  /** Throws the library's errors: NetworkError where the connection ends or is not logged in within `connectMs`, and those for what the broker answers. */
  fetch: (...request: Fetch) => Promise<Fetched>
  close: () => void
}

const READ_BYTES = 256 * 1024
const KEEP_ALIVE_MS = 60_000
/** A broker closes a connection whose session is over; another one is opened before. */
const SESSION_SHARE = 0.8
const MAX_CORRELATION_ID = 0x7fff_ffff
/** The number of bytes that follow, and the id of the request. */
const [SIZE_BYTES, ID_BYTES] = [4, 4]

type Waiting = (answer: Buffer | undefined, error: Error | undefined) => void

/** Opens it at once; its first fetch waits for the login. */
export const openFetchConnection = (
  access: BrokerAccess,
  clientId: string,
  { host, port }: { readonly host: string; readonly port: number },
): FetchConnection => {
  const { connectMs } = timeoutsOf(access)
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let failure: NetworkError | undefined
  let usableUntilMs = Infinity

  const end = (why: string): void => {
    failure ??= new NetworkError(`The connection to ${host}:${port} has ended: ${why}`)
    socket.destroy()
    for (const [id, answered] of waiting) {
      waiting.delete(id)
      answered(undefined, failure)
    }
  }
  const take = wholeAnswers(
    answer => {
      const id = answer.readInt32BE(SIZE_BYTES)
      const answered = waiting.get(id)
      waiting.delete(id)
      if (answered === undefined) end(`an answer came to request ${id}, which was not made`)
      else answered(answer, undefined)
    },
    error => end(error.message),
  )
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes: number, buffer: Uint8Array): boolean => {
      take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
      return true
    },
  }
  const socket: Socket =
    access.ca === undefined
      ? connect({ host, port, onread })
      : connectTls({ host, port, ca: access.ca, onread } as ConnectionOptions)
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  socket.on('error', ({ message }) => end(message)).on('close', () => end('it was closed'))

  const send: Connection['send'] = (key, version, createPayload, parse, hasRequestTags, hasAnswerTags, callback) => {
    if (failure !== undefined) return callback(failure)
    lastId = lastId === MAX_CORRELATION_ID ? 1 : lastId + 1
    const id = lastId
    const head = Writer.create().appendInt16(key).appendInt16(version).appendInt32(id).appendString(clientId, false)
    if (hasRequestTags) head.appendTaggedFields()
    // None of the requests used here is made asynchronously.
    const request = head.appendFrom(createPayload() as Writer).prependLength()
    waiting.set(id, (answer, error) => {
      if (answer === undefined) return callback(error ?? null)
      let parsed: unknown
      try {
        parsed = parse(id, key, version, Reader.from(answer.subarray(SIZE_BYTES + ID_BYTES + (hasAnswerTags ? 1 : 0))))
      } catch (fault) {
        return callback(fault as Error)
      }
      callback(null, parsed as never)
    })
    socket.write(request.buffer)
  }
  const connection = { send } as Pick<Connection, 'send'> as Connection

  const logIn = async (): Promise<void> => {
    const limit = setTimeout(() => end(`no login within ${connectMs / 1000} s`), connectMs)
    try {
      await saslHandshakeV1.api.async(connection, 'SCRAM-SHA-512')
      const { user, password } = access
      const answer = await saslScramSha.authenticate(saslAuthenticateV2.api, connection, 'SHA-512', user, password)
      const sessionMs = Number(answer.sessionLifetimeMs)
      if (sessionMs > 0) usableUntilMs = performance.now() + sessionMs * SESSION_SHARE
    } catch (error) {
      // A login that was cut off is none that was refused, though the library calls it so.
      const why = failure ?? error
      end('the login failed')
      throw why
    } finally {
      clearTimeout(limit)
    }
  }
  const loggedIn = logIn()
  loggedIn.catch(() => undefined)

  return {
    get isUsable() {
      return failure === undefined && performance.now() < usableUntilMs
    },
    fetch: async (...request) => {
      await loggedIn
      return fetchV13.api.async(connection, ...request)
    },
    close: () => end('it is no longer needed'),
  }
}
