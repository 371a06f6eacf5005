// Rate limits. Anybody may look schemas up and ask whether one would be compatible, and both parse what is sent: an address may do so 300 times a minute,
// and 30 times with large bodies.
import rateLimit from '@fastify/rate-limit'
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { refuse } from '../state/registry-errors.ts'

/** A producer looks its schemas up when it starts; many may start behind one address. */
const SMALL_PER_MINUTE = 300
/** The largest take some 100 ms of processor time. */
const LARGE_PER_MINUTE = 30
const LARGE_BYTES = 200_000
/** Addresses that are remembered. */
const MAX_ADDRESSES = 10_000

const isLarge = ({ headers }: FastifyRequest): boolean => {
  const length = headers['content-length']
  return length === undefined || Number(length) > LARGE_BYTES
}

/** The routes with this in their `config` are limited; call `addRequestLimits` before they are added. */
export const rateLimited = {
  rateLimit: {
    keyGenerator: (request: FastifyRequest): string => `${isLarge(request) ? 'large' : 'small'} ${request.ip}`,
    max: (request: FastifyRequest): number => (isLarge(request) ? LARGE_PER_MINUTE : SMALL_PER_MINUTE),
  },
}

/** Who may write is not limited. */
export const addRateLimits = async (
  app: FastifyInstance,
  mayWrite: ((request: FastifyRequest) => boolean) | undefined,
): Promise<void> => {
  await app.register(rateLimit, {
    global: false,
    timeWindow: '1 minute',
    cache: MAX_ADDRESSES,
    allowList: request => mayWrite?.(request) === true,
    errorResponseBuilder: (_request, { max, after }) =>
      refuse('TOO_MANY', `More than ${max} questions of this size in a minute from one address; try again in ${after}`),
  })
}
