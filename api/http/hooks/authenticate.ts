// Bearer token → caller, before a body is read. Each route names the scope it needs in its config. The check itself is in accounts/authenticate.ts.
// In: the header Authorization. Out: `request.caller`, or a refusal. It is the first of the hooks; http/app.ts has their order.
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Caller, requireScope } from '../../accounts/caller.ts'
import { type Scope } from '../../control/account-records.ts'
import { ApiError } from '../../errors.ts'
import { type Platform } from '../../platform.ts'
import { authenticate } from '../../accounts/authenticate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, or why they are refused. */
    caller: Caller | ApiError | null
  }
  interface FastifyContextConfig {
    /** One of several is enough. `any`: every valid token; `none`: no token needed. */
    scope?: Scope | readonly [Scope, ...Scope[]] | 'any' | 'none'
  }
}

const BEARER = /^Bearer +([\w.~+/=-]{1,200})$/i

/** Decorates requests with their caller and refuses those that may not use the route. */
export function addAuthentication(app: FastifyInstance, platform: Platform, seen: (tokenId: string) => void): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async request => {
    request.caller = callerFrom(request, platform)
  })
  app.addHook('preParsing', async request => {
    const scope = request.routeOptions.config.scope ?? 'admin'
    if (scope === 'none' || request.is404) return
    const caller = callerOf(request)
    if (scope !== 'any') requireScope(caller, ...(typeof scope === 'string' ? [scope] : scope))
    if (caller.tokenId !== undefined) seen(caller.tokenId)
  })
}

function callerFrom(request: FastifyRequest, platform: Platform): Caller | ApiError {
  const header = request.headers.authorization
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1]
  if (token === undefined) {
    const message =
      'Send the header “Authorization: Bearer sky_…”. `skysieve auth login` keeps a token for the command line.'
    return new ApiError('API_TOKEN_MISSING', message)
  }
  try {
    return authenticate(token, platform.controlState, platform.nowMs())
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

/** The caller of a request that a scope let through. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new ApiError('API_TOKEN_MISSING', 'The request carries no bearer token.')
  if (request.caller instanceof ApiError) throw request.caller
  return request.caller
}
