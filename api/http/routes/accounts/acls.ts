// Which topics of the hub an account may read. Given and taken by administrators, one literal name at a time.
import { Type } from 'typebox'
import { topicsOf } from '../../../subscribers/subscriber-acls.ts'
import { dropGrant } from '../../../subscribers/hub-topics.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { HUB } from '../../../brokers/brokers.ts'
import { applyUsers } from '../../../subscribers/apply-users.ts'
import { answers } from '../../answers/answers.ts'

const AclParams = Type.Object({ account: Type.String({ maxLength: 31 }), topic: Type.String({ maxLength: 249 }) })
const AclView = Type.Object({
  account: Type.String(),
  topic: Type.String(),
  operations: Type.Array(Type.String()),
  /** What it follows from: a scope or role of the account, its ownership of the topic, or having been granted. */
  from: Type.Union([Type.Literal('account'), Type.Literal('owner'), Type.Literal('grant')]),
})
const AclQuery = Type.Object({ ...PageQuery.properties, account: Type.Optional(Type.String({ maxLength: 31 })) })

/** Kafka's and the system's own topics are nobody's to read. */
const INTERNAL = /^(_|skysieve\.|filter\.|mm2-|heartbeats)/

export function aclRoutes(app: App, platform: Platform): void {
  const { controlState, brokers, writes } = platform

  app.route({
    method: 'GET',
    url: '/v1/acls',
    config: { scope: 'admin' },
    schema: {
      summary: 'Who may read which topics of the hub',
      tags: ['accounts'],
      querystring: AclQuery,
      response: answers({ 200: pageOf(AclView) }),
    },
    handler: async ({ query }) => {
      const accounts = controlState.accounts().filter(({ id }) => query.account === undefined || id === query.account)
      const all = accounts.flatMap(account =>
        [...topicsOf(controlState, account)].map(([topic, how]) => ({
          account: account.id,
          topic,
          operations: how === 'write' ? ['read', 'write'] : ['read'],
          from: controlState.topic(topic)?.owners.includes(account.id)
            ? ('owner' as const)
            : account.topics?.includes(topic)
              ? ('grant' as const)
              : ('account' as const),
        })),
      )
      const nameOf = ({ account, topic }: (typeof all)[number]): string => `${account}/${topic}`
      return paged(
        all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))),
        nameOf,
        query,
      )
    },
  })

  app.route({
    method: 'PUT',
    url: '/v1/acls/:account/:topic',
    config: { scope: 'admin' },
    schema: {
      summary: 'Let an account read a topic of the hub',
      tags: ['accounts'],
      params: AclParams,
      response: answers({ 204: Type.Null() }),
    },
    async handler({ params: { account: id, topic } }, reply) {
      if (INTERNAL.test(topic) || !(await brokers.describeTopic(HUB, topic))) {
        throw new ApiError('API_TOPIC_UNKNOWN', `There is no topic “${topic}” on the hub that may be read.`)
      }
      await writes.change(async writer => {
        const account = controlState.account(id)
        if (!account || account.state === 'leaving') {
          throw new ApiError('API_ACCOUNT_UNKNOWN', `There is no account “${id}”.`)
        }
        const topics = account.topics ?? []
        if (!topics.includes(topic)) await writer.record({ ...account, topics: [...topics, topic] })
      })
      await applyUsers(platform, id, HUB)
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/acls/:account/:topic',
    config: { scope: 'admin' },
    schema: {
      summary: 'Take the reading of a topic from an account',
      tags: ['accounts'],
      params: AclParams,
      response: answers({ 204: Type.Null() }),
    },
    async handler({ params: { account, topic } }, reply) {
      if (!(await dropGrant(platform, account, topic))) {
        const message = `The account “${account}” was not granted the topic “${topic}”. What follows from its scopes, its role or its topics goes with those.`
        throw new ApiError('API_TOPIC_UNKNOWN', message)
      }
      await applyUsers(platform, account, HUB)
      return reply.code(204).send(null)
    },
  })
}
