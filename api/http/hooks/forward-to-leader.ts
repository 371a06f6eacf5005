// Writes that reach an instance which does not lead go on to the one that does, with the caller's own token.
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { ApiError } from '../../errors.ts'
import { type ControlWrites } from '../../control/control-writes.ts'
import { callerOf } from './authenticate.ts'
import { RECEIVED_HEADER } from './received.ts'

const MARK = 'x-skysieve-forwarded'
const TIMEOUT_MS = 60_000
/** No answer to a write comes near it: the longest is a filter with a hundred versions. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const PASSED_ON = ['authorization', 'idempotency-key', 'if-match'] as const
const PASSED_BACK = ['content-type', 'location', 'etag', 'retry-after', 'cache-control'] as const

/** Adds the hook; routes that change nothing say so with `config.readOnly`. */
export function addForwarding(app: FastifyInstance, writes: ControlWrites, own: string): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD' || request.routeOptions.config.readOnly) return
    // Only what a route of ours takes, from somebody who may use it.
    if (request.is404) return
    if (request.routeOptions.config.scope !== 'none') callerOf(request)
    // Forwarded already: the leader of a moment ago leads no more, and change() waits for the next one.
    if (writes.isLeader || request.headers[MARK] !== undefined) return
    const url = await writes.leaderUrl()
    if (url === undefined || url === own) return
    const path = pathOf(request)
    const { status, headers, body } = await ask(new URL(url), path, request).catch((cause: unknown) => {
      const message = 'The leading instance of the API does not answer; another takes over within seconds. Try again.'
      throw new ApiError('API_LEADER_MISSING', message, { cause })
    })
    for (const name of PASSED_BACK) {
      const value = headers[name]
      if (value !== undefined) reply.header(name, value)
    }
    // The body is passed on as it is: it went through the leader's response schema already.
    reply.hijack()
    reply.raw.writeHead(status, { ...reply.getHeaders() } as Record<string, string>).end(body)
  })
}

/** Path and search of a request as they came; what a client sends to a proxy names a host as well, which nobody asks here. */
function pathOf({ raw: { url = '/' } }: FastifyRequest): string {
  if (url.startsWith('/')) return url
  const message = 'The request’s target begins with a scheme and a host. Send the path alone, as in “POST /v1/filters”.'
  throw new ApiError('API_REQUEST_INVALID', message)
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Sends the request to the leader. Its path is passed on character by character: nothing in it can name another host, and no client reads `..` in it as a way up. */
async function ask(leader: URL, asked: string, request: FastifyRequest): Promise<Answer> {
  const headers: Record<string, string> = { [MARK]: '1', [RECEIVED_HEADER]: String(request.receivedMs) }
  for (const name of PASSED_ON) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const hasBody = request.body !== undefined && request.body !== null
  const body = hasBody ? Buffer.from(JSON.stringify(request.body)) : undefined
  if (body) Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(body.length) })
  const path = `${leader.pathname.replace(/\/$/, '')}${asked}`
  const send = leader.protocol === 'https:' ? requestHttps : requestHttp
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  // The host and the port are the leader's, whatever the path is.
  const { hostname, port, protocol } = leader
  send({ protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, path, method: request.method, headers, signal })
    .once('response', resolve)
    .once('error', reject)
    .end(body)
  const answer = await promise
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bounded(answer) }
}

async function bounded(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the leader's answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A POST that changes nothing; any instance answers it. */
    readOnly?: boolean
  }
}
