// Requests per minute of each account, counted in Redis so that all instances count together. Without Redis nobody is refused.
import rateLimit from '@fastify/rate-limit'
import { type Redis } from 'ioredis'
import { ApiError } from '../errors.ts'
import { type Platform } from '../platform.ts'
import { type App } from './app.ts'

const WINDOW_MS = 60_000

/** A client that fails fast while Redis is away. */
export type LimitStore = Redis

export async function addRateLimit(
  app: App,
  { books, settings }: Platform,
  redis: LimitStore | undefined,
): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    timeWindow: WINDOW_MS,
    nameSpace: 'skysieve-limit-',
    enableDraftSpec: true,
    skipOnError: true,
    ...(redis === undefined ? {} : { redis }),
    // Runs after the access hook; whoever has no valid token counts by address.
    keyGenerator: ({ caller, ip }) => (caller && 'account' in caller ? `account-${caller.account}` : `ip-${ip}`),
    max: ({ caller }) => {
      const account = caller && 'account' in caller ? books.account(caller.account) : undefined
      return account?.limits.requestsPerMinute ?? settings.requestsPerMinute
    },
    errorResponseBuilder: (_request, { max, after }) =>
      new ApiError(
        'API_RATE_LIMIT',
        `More than ${max} requests in a minute; try again in ${after}. GET /v1/limits tells your limits.`,
      ),
  })
}
