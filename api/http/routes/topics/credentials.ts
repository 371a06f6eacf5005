// Kafka users of a topic: made on demand, their password shown once, taken away at any time.
import { Type } from 'typebox'
import { mayTouch, requireScope } from '../../../accounts/caller.ts'
import { AccountName, type CredentialRecord } from '../../../control/account-records.ts'
import { consumersOf, shapeOf } from '../../../subscribers/client-programs.ts'
import { makeCredential, removeCredential } from '../../../subscribers/credentials.ts'
import { groupPrefixesOf } from '../../../subscribers/subscriber-acls.ts'
import { readableTopic } from '../../../subscribers/readable-topics.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { registryFor } from '../../../settings.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { freshId, IdempotencyHeaders } from '../../requests/idempotency.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { earlierOf, MirrorQuery, TopicParams } from './topics.ts'
import { answers } from '../../answers/answers.ts'
import { credentialView, CredentialView, FreshCredential } from '../../answers/kafka-user-views.ts'

const NewUser = Type.Object({ user: Type.Optional(AccountName) }, { additionalProperties: false })

export function credentialRoutes(app: App, platform: Platform): void {
  const { controlState, brokers, settings } = platform
  const view = (record: CredentialRecord) =>
    credentialView(record, {
      bootstrap: brokers.address(record.broker) ?? '',
      groupPrefixes: groupPrefixesOf(controlState, record.user, record.account),
    })

  app.route({
    method: 'POST',
    url: '/v1/topics/:topic/credentials',
    config: { scope: ['filters:write', 'stream:full'] },
    schema: {
      summary: 'Make a Kafka user for a topic; its password is shown once',
      tags: ['topics'],
      params: TopicParams,
      querystring: MirrorQuery,
      headers: IdempotencyHeaders,
      body: NewUser,
      response: answers({ 201: FreshCredential }),
    },
    async handler(request, reply) {
      const caller = callerOf(request)
      const topic = readableTopic(controlState, caller, request.params.topic, request.query.mirror)
      if (topic.kind === 'filter') requireScope(caller, 'filters:write')
      const { broker } = topic
      const bootstrap = broker === undefined ? undefined : brokers.address(broker)
      if (broker === undefined || bootstrap === undefined) {
        const message = `The topic “${topic.name}” has no broker yet: its filter is still being checked. Try again when it is live.`
        throw new ApiError('API_STATE_CONFLICT', message)
      }
      const key = request.headers['idempotency-key']
      const idempotencyId =
        key === undefined
          ? undefined
          : freshId(platform.box, `${topic.name}@${broker}`, caller.account, key).slice(0, 8)
      const made = await makeCredential(
        platform,
        caller,
        { ...topic, broker },
        { user: request.body.user, idempotencyId },
      )
      const { user } = made.record
      const security = brokers.security(broker)
      return reply
        .code(201)
        .header('location', `/v1/topics/${topic.name}/credentials/${user}`)
        .header('cache-control', 'no-store')
        .send({
          ...view(made.record),
          password: made.password,
          mechanism: 'SCRAM-SHA-512',
          ...security,
          consumers: consumersOf({
            topic: topic.name,
            shape: shapeOf(topic),
            bootstrap,
            user,
            tls: security.protocol === 'SASL_SSL',
            registryUrl: registryFor(settings),
            earlier: earlierOf(brokers, topic),
          }),
        })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/topics/:topic/credentials',
    config: { scope: ['filters:read', 'stream:full'] },
    schema: {
      summary: 'Your Kafka users of a topic',
      tags: ['topics'],
      params: TopicParams,
      querystring: PageQuery,
      response: answers({ 200: pageOf(CredentialView) }),
    },
    handler: async request => {
      const caller = callerOf(request)
      const { name } = readableTopic(controlState, caller, request.params.topic)
      const mine = controlState
        .credentials()
        .filter(record => record.topic === name && record.state === 'active' && mayTouch(caller, record.account))
        .toSorted((a, b) => a.user.localeCompare(b.user))
      const page = paged(mine, ({ user }) => user, request.query)
      return { ...page, items: page.items.map(view) }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/topics/:topic/credentials/:user',
    config: { scope: ['filters:write', 'stream:full'] },
    schema: {
      summary: 'Take a Kafka user away',
      tags: ['topics'],
      params: Type.Object({ ...TopicParams.properties, user: Type.String({ maxLength: 31 }) }),
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      const caller = callerOf(request)
      const { topic, user } = request.params
      const record = controlState.credential(user)
      if (record?.topic !== topic || !mayTouch(caller, record.account)) {
        throw new ApiError('API_CREDENTIAL_UNKNOWN', `The topic “${topic}” has no Kafka user “${user}” of yours.`)
      }
      await removeCredential(platform, record)
      return reply.code(204).send(null)
    },
  })
}
