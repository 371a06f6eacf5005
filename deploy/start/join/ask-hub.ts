// Questions to a hub's API by a machine that knows nothing of it yet: bounded in size and time, without redirections, over TLS with exactly the
// authority it is given, or in plain text where that stays on this machine.
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

const MAX_ANSWER_BYTES = 256 * 1024
/** Of a try; a join that took longer is asked for again, and a machine that is busy with a start answers late. */
const LIMIT_MS = 120_000

/** Which server is believed: who has a certificate of this authority (PEM), or anyone, as nothing secret is said and what comes is compared. */
export type Trust = { readonly ca: string } | 'anyone'

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

export interface Answer {
  readonly status: number
  readonly text: string
}

export interface Hub {
  /** Over one connection, while that is open. Throws Node's errors of a connection, and the signal's reason. */
  readonly ask: (question: Question, signal: AbortSignal) => Promise<Answer>
  readonly close: () => void
}

/** Connects when it is asked. `trust` is for TLS. */
export const openHub = (base: string, trust: Trust | undefined): Hub => {
  const keepAlive = { keepAlive: true, maxSockets: 1 }
  const tls = trust === 'anyone' ? { rejectUnauthorized: false } : (trust ?? {})
  const isPlain = base.startsWith('http:')
  const agent = isPlain ? new HttpAgent(keepAlive) : new HttpsAgent({ ...keepAlive, ...tls })
  return {
    close: () => agent.destroy(),
    ask: ({ method, path, headers = {}, body }, signal) => {
      const url = new URL(path, base)
      const text = body === undefined ? undefined : JSON.stringify(body)
      const ofBody = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text ?? '')) }
      const options = {
        method,
        headers: { ...headers, ...(text === undefined ? {} : ofBody) },
        agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      } as const
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const take = (answer: IncomingMessage): void => void read(answer).then(resolve, reject)
      const asking = isPlain ? requestHttp(url, options, take) : requestHttps(url, options, take)
      asking.once('error', reject)
      asking.end(text)
      return promise
    },
  }
}

const read = async (answer: IncomingMessage): Promise<Answer> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    parts.push(part)
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }
}
