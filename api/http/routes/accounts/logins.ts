// Logins of an account: several, each with a name and a password of its own, for all topics that the account may read, on the hub and on the nodes.
import { Type } from 'typebox'
import { mayTouch, requireScope } from '../../../accounts/caller.ts'
import { isWithin } from '../../../accounts/expiry.ts'
import { type AccountRecord, type LoginRecord } from '../../../control/account-records.ts'
import { groupPrefixesOf, topicsOf, filterTopicsOn, mirrorsOf } from '../../../subscribers/subscriber-acls.ts'
import { loginName, makeLogin, removeLogin, rotateLogin, unknownLogin } from '../../../subscribers/logins.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { type FastifyRequest } from 'fastify'
import { HUB } from '../../../brokers/brokers.ts'
import { kafkaUsers } from '../../../subscribers/kafka-users.ts'
import { answers } from '../../answers/answers.ts'
import { FreshLogin, LoginView } from '../../answers/kafka-user-views.ts'

const AccountParams = Type.Object({ account: Type.String({ maxLength: 31 }) })
const LoginParams = Type.Object({ ...AccountParams.properties, user: Type.String({ maxLength: 31 }) })
const NewLogin = Type.Object(
  {
    label: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$',
      maxLength: 20,
      description: '`main`, or what it is for',
    }),
  },
  { additionalProperties: false },
)
const SCOPES = ['stream:full', 'filters:write'] as const

export function loginRoutes(app: App, platform: Platform): void {
  const { controlState, brokers, settings } = platform

  /** The account of the path, if the caller may manage it with all that its hub users may read. */
  const ownAccount = (request: FastifyRequest): AccountRecord => {
    const caller = callerOf(request)
    const { account: id } = request.params as { account: string }
    const account = mayTouch(caller, id) ? controlState.account(id) : undefined
    if (!account) throw new ApiError('API_ACCOUNT_UNKNOWN', `There is no account “${id}” that you may manage.`)
    // A token does not make a user that may read more than itself.
    if (account.scopes.includes('stream:full')) requireScope(caller, 'stream:full')
    if (account.scopes.includes('filters:write')) requireScope(caller, 'filters:write')
    // Nor does it make one of more rights than readers have.
    if ((account.role ?? 'reader') !== 'reader') requireScope(caller, 'admin')
    return account
  }
  const ownLogin = (request: FastifyRequest): LoginRecord => {
    const { id } = ownAccount(request)
    const { user } = request.params as { user: string }
    const record = controlState.login(user)
    if (record?.account !== id || record.state !== 'active') throw unknownLogin(user)
    return record
  }
  const view = ({ user, account, label, createdAt, rotatedAt, expiresAt }: LoginRecord) => {
    const record = controlState.account(account)
    const quota = kafkaUsers(controlState, settings, account).find(one => one.user === user)?.quota
    return {
      user,
      label,
      bootstrap: brokers.address(HUB) ?? '',
      groupPrefixes: [...new Set([account, user])].flatMap(name => groupPrefixesOf(controlState, name, account)),
      topics: record ? [...topicsOf(controlState, record).keys()].toSorted() : [],
      nodes: mirrorsOf(controlState).flatMap(mirror => {
        const bootstrap = brokers.address(mirror)
        return bootstrap === undefined || !brokers.makesUsers(mirror)
          ? []
          : [{ mirror, bootstrap, topics: filterTopicsOn(controlState, account, mirror).toSorted() }]
      }),
      bytesPerSecond: quota?.consumerBytesPerSecond ?? null,
      requestPercent: quota?.requestPercent ?? null,
      createdAt,
      ...(rotatedAt === undefined ? {} : { rotatedAt }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
  }
  const fresh = (record: LoginRecord, password: string) => ({
    ...view(record),
    password,
    mechanism: 'SCRAM-SHA-512' as const,
    ...brokers.security(HUB),
  })

  app.route({
    method: 'GET',
    url: '/v1/accounts/:account/logins',
    config: { scope: SCOPES },
    schema: {
      summary: 'Logins of an account',
      tags: ['accounts'],
      params: AccountParams,
      querystring: PageQuery,
      response: answers({ 200: pageOf(LoginView) }),
    },
    handler: async request => {
      const { id } = ownAccount(request)
      const mine = controlState.logins().filter(({ account, state }) => account === id && state === 'active')
      const sorted = mine.toSorted((a, b) => a.user.localeCompare(b.user))
      const page = paged(sorted, ({ user }) => user, request.query)
      return { ...page, items: page.items.map(view) }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/accounts/:account/logins',
    config: { scope: SCOPES },
    schema: {
      summary:
        'Make a login that reads all topics of the account, on the hub and on the nodes; its password is shown once',
      tags: ['accounts'],
      params: AccountParams,
      body: NewLogin,
      response: answers({ 201: FreshLogin }),
    },
    async handler(request, reply) {
      const account = ownAccount(request)
      const { label } = request.body
      const user = loginName(account.id, label)
      if (user.length > 31) {
        const message = `“${user}” is too long for a Kafka user: at most 31 characters with the account's name.`
        throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/label', message }] })
      }
      const { expiresAt } = callerOf(request)
      const made = await makeLogin(platform, account, { label, ...(expiresAt === undefined ? {} : { expiresAt }) })
      const { record, password } = made
      return reply
        .code(201)
        .header('location', `/v1/accounts/${account.id}/logins/${user}`)
        .header('cache-control', 'no-store')
        .send(fresh(record, password))
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/accounts/:account/logins/:user/password',
    config: { scope: SCOPES },
    schema: {
      summary: 'Give a login a new password; it is shown once',
      tags: ['accounts'],
      params: LoginParams,
      response: answers({ 200: FreshLogin }),
    },
    async handler(request, reply) {
      const login = ownLogin(request)
      const { expiresAt } = callerOf(request)
      if (!isWithin(login.expiresAt, expiresAt)) {
        const message = `Your token expires at ${expiresAt}, before “${login.user}” does: it cannot have its new password. Use a token that lasts as long.`
        throw new ApiError('API_SCOPE_MISSING', message)
      }
      const { record, password } = await rotateLogin(platform, login)
      return reply.header('cache-control', 'no-store').send(fresh(record, password))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/accounts/:account/logins/:user',
    config: { scope: SCOPES },
    schema: {
      summary: 'Take a login away; its open sessions read nothing more',
      tags: ['accounts'],
      params: LoginParams,
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      await removeLogin(platform, ownLogin(request))
      return reply.code(204).send(null)
    },
  })
}
