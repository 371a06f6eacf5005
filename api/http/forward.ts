// Writes that reach an instance which does not lead go on to the one that does, with the caller's own token.
import { type FastifyInstance } from 'fastify'
import { ApiError } from '../errors.ts'
import { type Writes } from '../control/writes.ts'

const MARK = 'x-skysieve-forwarded'
const TIMEOUT_MS = 60_000
const PASSED_ON = ['authorization', 'idempotency-key', 'if-match'] as const
const PASSED_BACK = ['content-type', 'location', 'etag', 'retry-after', 'cache-control'] as const

/** Adds the hook; routes that change nothing say so with `config.readOnly`. */
export function addForwarding(app: FastifyInstance, writes: Writes, own: string): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD' || request.routeOptions.config.readOnly) return
    // Forwarded already: the leader of a moment ago leads no more, and change() waits for the next one.
    if (writes.isLeader || request.headers[MARK] !== undefined) return
    const url = await writes.leaderUrl()
    if (url === undefined || url === own) return
    const headers = new Headers({ [MARK]: '1' })
    for (const name of PASSED_ON) {
      const value = request.headers[name]
      if (typeof value === 'string') headers.set(name, value)
    }
    const hasBody = request.body !== undefined && request.body !== null
    if (hasBody) headers.set('content-type', 'application/json')
    const answer = await fetch(new URL(request.url, url), {
      method: request.method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(hasBody ? { body: JSON.stringify(request.body) } : {}),
    }).catch((cause: unknown) => {
      const message = 'The leading instance of the API does not answer; another takes over within seconds. Try again.'
      throw new ApiError('API_LEADER_MISSING', message, { cause })
    })
    for (const name of PASSED_BACK) {
      const value = answer.headers.get(name)
      if (value !== null) reply.header(name, value)
    }
    // The body is passed on as it is: it went through the leader's response schema already.
    const body = Buffer.from(await answer.arrayBuffer())
    reply.hijack()
    reply.raw.writeHead(answer.status, { ...reply.getHeaders() } as Record<string, string>).end(body)
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A POST that changes nothing; any instance answers it. */
    readOnly?: boolean
  }
}
