// Requests and bytes per minute of each account; whoever has no valid token counts by address.
import { type FastifyRequest } from 'fastify'
import { ApiError } from '../../errors.ts'
import { type Limits, type Verdict } from '../../rate-limits/token-bucket.ts'
import { type Limiter } from '../../rate-limits/limiter.ts'
import { type Platform } from '../../platform.ts'
import { type App } from '../requests/typed-app.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered however often it is asked for. */
    unlimited?: boolean
  }
  interface FastifyRequest {
    /** Whose buckets it takes from. */
    limitKey: string
    /** Bytes of an answer whose length was not known before. */
    sentBytes: number
  }
}

const keyOf = ({ caller, ip }: FastifyRequest): string =>
  caller && 'account' in caller ? `account-${caller.account}` : `ip-${ip}`

/** What an account may use up in a minute. */
export function limitsOf({ controlState, settings }: Platform, account: string | undefined): Limits {
  const own = account === undefined ? undefined : controlState.account(account)?.limits
  return {
    requestsPerMinute: own?.requestsPerMinute ?? settings.requestsPerMinute,
    bytesPerMinute: own?.bytesPerMinute ?? settings.bytesPerMinute,
  }
}

/** Adds the limit behind the access hook. */
export function addRateLimit(app: App, platform: Platform, limiter: Limiter): void {
  app.decorateRequest('limitKey', '')
  app.decorateRequest('sentBytes', 0)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.unlimited) return
    const { caller } = request
    const limits = limitsOf(platform, caller && 'account' in caller ? caller.account : undefined)
    request.limitKey = keyOf(request)
    const verdict = await limiter.ask(request.limitKey, limits)
    reply.headers(headersOf(limits, verdict))
    if (verdict.allowed) return
    const seconds = Math.max(1, Math.ceil(verdict.waitMs / 1000))
    reply.header('retry-after', seconds)
    const what = verdict.bytes > 0 ? `${limits.requestsPerMinute} requests` : `${limits.bytesPerMinute} bytes`
    const message = `More than ${what} in a minute; try again in ${seconds} s. GET /v1/limits tells your limits; an administrator can raise them.`
    throw new ApiError('API_RATE_LIMIT', message)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.limitKey === '' || request.method === 'HEAD') return
    const length = Number(reply.getHeader('content-length') ?? 0)
    limiter.used(request.limitKey, Math.max(length, request.sentBytes))
  })
}

/** As draft-ietf-httpapi-ratelimit-headers-10 has them: the policies, and what is left of each. */
function headersOf({ requestsPerMinute, bytesPerMinute }: Limits, { requests, bytes, waitMs }: Verdict) {
  const after = waitMs === 0 ? '' : `;t=${Math.ceil(waitMs / 1000)}`
  return {
    'ratelimit-policy': `"requests";q=${requestsPerMinute};w=60, "bytes";q=${bytesPerMinute};w=60;qu="content-bytes"`,
    ratelimit: `"requests";r=${Math.max(0, requests)}${after}, "bytes";r=${Math.max(0, bytes)}${after}`,
  }
}
