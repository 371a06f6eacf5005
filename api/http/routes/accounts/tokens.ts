// Tokens of an account: it manages its own, administrators everybody's.
import { type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Caller, mayTouch, requireScope } from '../../../accounts/caller.ts'
import { expiryOf } from '../../../accounts/expiry.ts'
import { hashToken, mintToken } from '../../../accounts/bearer-token.ts'
import {
  type AccountRecord,
  type Scope,
  ScopeList,
  SCOPES,
  type TokenRecord,
} from '../../../control/account-records.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { FreshToken, tokenView, TokenView } from '../../answers/account-views.ts'
import { answers } from '../../answers/answers.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { freshId, IdempotencyHeaders } from '../../requests/idempotency.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { Line, Moment } from '../../requests/text-formats.ts'
import { type App } from '../../requests/typed-app.ts'

const AccountParams = Type.Object({ account: Type.String({ maxLength: 31 }) })
const NewToken = Type.Object(
  {
    label: Line(80, 1),
    scopes: Type.Optional(ScopeList),
    expiresAt: Type.Optional(Moment),
  },
  { additionalProperties: false },
)

export function tokenRoutes(app: App, platform: Platform): void {
  const { controlState, writes, settings } = platform
  const known = (caller: Caller, id: string): AccountRecord => {
    const account = mayTouch(caller, id) ? controlState.account(id) : undefined
    if (account) return account
    throw new ApiError('API_ACCOUNT_UNKNOWN', `There is no account “${id}” that you may manage.`)
  }

  app.route({
    method: 'GET',
    url: '/v1/accounts/:account/tokens',
    config: { scope: 'any' },
    schema: {
      summary: 'List an account’s tokens',
      tags: ['accounts'],
      params: AccountParams,
      querystring: PageQuery,
      response: answers({ 200: pageOf(TokenView) }),
    },
    handler: async request => {
      const { id } = known(holder(request), request.params.account)
      const tokens = controlState
        .tokensOf(id)
        .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id))
      const page = paged(tokens, token => token.id, request.query)
      return { ...page, items: page.items.map(tokenView) }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/accounts/:account/tokens',
    config: { scope: 'any' },
    schema: {
      summary: 'Make a token; it is shown once',
      tags: ['accounts'],
      params: AccountParams,
      headers: IdempotencyHeaders,
      body: NewToken,
      response: answers({ 201: FreshToken }),
    },
    async handler(request, reply) {
      const caller = holder(request)
      const account = known(caller, request.params.account)
      const { label } = request.body
      const expiresAt = expiryOf(request.body.expiresAt, caller, platform.nowMs())
      const allowed = caller.isAdmin ? account.scopes : account.scopes.filter(scope => caller.scopes.includes(scope))
      const scopes = request.body.scopes ?? allowed
      const beyond = scopes.filter(scope => !allowed.includes(scope))
      if (beyond.length > 0) {
        const message = `A token cannot have more than its account and its maker have: not ${beyond.join(', ')}.`
        throw new ApiError('API_SCOPE_MISSING', message, { problems: [{ pointer: '/scopes', message }] })
      }
      const id = freshId(platform.box, 'tokens', account.id, request.headers['idempotency-key'])
      const { token } = mintToken(id)
      const record = await writes.change(async writer => {
        if (controlState.token(id)) {
          const message = `This Idempotency-Key made the token ${id} before, and a token is shown only once. Revoke it and use another key.`
          throw new ApiError('API_KEY_REUSED', message)
        }
        if (controlState.tokensOf(account.id).length >= settings.tokensPerAccount) {
          throw new ApiError(
            'API_QUOTA_REACHED',
            `An account has at most ${settings.tokensPerAccount} tokens; revoke one first.`,
          )
        }
        const fresh = newToken({ id, account: account.id, label, scopes, expiresAt }, token, platform.nowMs())
        await writer.record(fresh)
        return fresh
      })
      return reply
        .code(201)
        .header('location', `/v1/accounts/${account.id}/tokens/${id}`)
        .send({ ...tokenView(record), token })
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/accounts/:account/tokens/:token',
    config: { scope: 'any' },
    schema: {
      summary: 'Revoke a token',
      tags: ['accounts'],
      params: Type.Object({ ...AccountParams.properties, token: Type.String({ maxLength: 40 }) }),
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      const caller = callerOf(request)
      const account = known(caller, request.params.account)
      await writes.change(async writer => {
        const record = controlState.token(request.params.token)
        if (record?.account !== account.id) {
          throw new ApiError(
            'API_TOKEN_ID_UNKNOWN',
            `The account “${account.id}” has no token ${request.params.token}.`,
          )
        }
        // Every token may take itself away, and others that may do no more than it.
        if (record.id !== caller.tokenId) requireAll(holder(request), record.scopes)
        await writer.forgetRecord(record)
      })
      return reply.code(204).send(null)
    },
  })
}

/** The caller of a request about tokens: one with no scope at all has no business with them. */
function holder(request: FastifyRequest): Caller {
  const caller = callerOf(request)
  requireScope(caller, ...SCOPES)
  return caller
}

/** @throws ApiError API_SCOPE_MISSING */
function requireAll(caller: Caller, scopes: readonly Scope[]): void {
  const beyond = caller.isAdmin ? [] : scopes.filter(scope => !caller.scopes.includes(scope))
  if (beyond.length === 0) return
  const message = `That token may do more than yours: ${beyond.join(', ')}. Revoke it with one that has these scopes, or with itself.`
  throw new ApiError('API_SCOPE_MISSING', message)
}

type TokenOptions = Pick<TokenRecord, 'id' | 'account' | 'label' | 'scopes'> & {
  readonly expiresAt: string | undefined
}

function newToken({ expiresAt, ...options }: TokenOptions, token: string, nowMs: number): TokenRecord {
  const createdAt = new Date(nowMs).toISOString()
  return {
    kind: 'token',
    ...options,
    sha256: hashToken(token),
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}
