// The token of the registry: everybody reads, and only who shows it may write, as a bearer token or as the password of basic authentication.
import { createHash, timingSafeEqual } from 'node:crypto'
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { refuse } from '../state/registry-errors.ts'

/** POSTs that change nothing: looking a schema up, and asking whether one would be compatible. */
const ASKING = new Set([
  '/subjects/:subject',
  '/compatibility/subjects/:subject/versions',
  '/compatibility/subjects/:subject/versions/:version',
])

const isWrite = ({ method, routeOptions: { url } }: FastifyRequest): boolean =>
  method !== 'GET' && method !== 'HEAD' && !(method === 'POST' && url !== undefined && ASKING.has(url))

const tokenIn = (authorization = ''): string => {
  const [, scheme = '', rest = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return rest
  const user = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString() : ''
  return user.slice(user.indexOf(':') + 1)
}

/** Refuses writes without the token whose SHA-256 this is, before their bodies are read. Answers who shows it. */
export const requireWriteToken = (
  app: FastifyInstance,
  tokenSha256: string,
): ((request: FastifyRequest) => boolean) => {
  const wanted = Buffer.from(tokenSha256, 'hex')
  const mayWrite = ({ headers }: FastifyRequest): boolean => {
    const given = createHash('sha256').update(tokenIn(headers.authorization)).digest()
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }
  app.addHook('onRequest', async request => {
    if (request.is404 || !isWrite(request) || mayWrite(request)) return
    throw refuse(
      'NOT_AUTHORIZED',
      'Anybody may read this registry; changing it needs its token, as a bearer token or as a password',
    )
  })
  return mayWrite
}
