// Accounts: administrators create and delete them; /v1/me tells everybody whose token theirs is.
import { Type } from 'typebox'
import { refuseReserved, requireFreeName } from '../../../accounts/reserved-names.ts'
import { beginAccountDeletion, finishAccountDeletion } from '../../../leader/delete-account.ts'
import { AccountName, type AccountRecord, Role, Scope, ScopeList } from '../../../control/account-records.ts'
import { type Platform } from '../../../platform.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { accountView, AccountView, tokenView, TokenView } from '../../answers/account-views.ts'
import { answers } from '../../answers/answers.ts'

const AccountParams = Type.Object({ account: Type.String({ maxLength: 31 }) })
/** A petabyte: more is a mistake. */
const MAX_BYTES = 1e15
const NewAccount = Type.Object(
  {
    name: AccountName,
    scopes: Type.Optional(ScopeList),
    role: Type.Optional(Role),
    limits: Type.Optional(
      Type.Object(
        {
          filters: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
          requestsPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
          bytesPerMinute: Type.Optional(Type.Integer({ minimum: 1000, maximum: MAX_BYTES })),
          kafkaBytesPerSecond: Type.Optional(Type.Integer({ minimum: 1000, maximum: MAX_BYTES })),
          kafkaRequestPercent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export function accountRoutes(app: App, platform: Platform): void {
  const { controlState, writes, settings } = platform

  app.route({
    method: 'POST',
    url: '/v1/accounts',
    config: { scope: 'admin' },
    schema: {
      summary: 'Create an account',
      tags: ['accounts'],
      body: NewAccount,
      response: answers({ 201: AccountView }),
    },
    async handler({ body }, reply) {
      refuseReserved(body.name)
      const account = await writes.change(async writer => {
        requireFreeName(platform, body.name)
        const record: AccountRecord = {
          kind: 'account',
          id: body.name,
          scopes: body.scopes ?? ['filters:read', 'filters:write'],
          ...(body.role === undefined ? {} : { role: body.role }),
          limits: {
            ...body.limits,
            filters: body.limits?.filters ?? settings.filtersPerAccount,
            requestsPerMinute: body.limits?.requestsPerMinute ?? settings.requestsPerMinute,
          },
          createdAt: new Date(platform.nowMs()).toISOString(),
        }
        await writer.record(record)
        return record
      })
      return reply.code(201).header('location', `/v1/accounts/${account.id}`).send(accountView(account))
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/accounts',
    config: { scope: 'admin' },
    schema: {
      summary: 'List accounts',
      tags: ['accounts'],
      querystring: PageQuery,
      response: answers({ 200: pageOf(AccountView) }),
    },
    handler: async ({ query }) => {
      const accounts = controlState.accounts().toSorted((a, b) => a.id.localeCompare(b.id))
      const page = paged(accounts, ({ id }) => id, query)
      return { ...page, items: page.items.map(accountView) }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/accounts/:account',
    config: { scope: 'admin' },
    schema: {
      summary: 'Delete an account with its tokens and Kafka users',
      tags: ['accounts'],
      params: AccountParams,
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      await finishAccountDeletion(platform, await beginAccountDeletion(platform, request.params.account))
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/me',
    config: { scope: 'any' },
    schema: {
      summary: 'Whose token this is',
      tags: ['accounts'],
      response: answers({
        200: Type.Object({
          account: Type.String(),
          scopes: Type.Array(Scope),
          admin: Type.Boolean(),
          token: Type.Union([TokenView, Type.Null()]),
        }),
      }),
    },
    handler: async request => {
      const caller = callerOf(request)
      const token = caller.tokenId === undefined ? undefined : controlState.token(caller.tokenId)
      return {
        account: caller.account,
        scopes: [...caller.scopes],
        admin: caller.isAdmin,
        token: token ? tokenView(token) : null,
      }
    },
  })
}
