// Topics a caller may read: where they are, what is in them, and programs that read them.
import { Type } from 'typebox'
import { type TopicDescription } from '#hub'
import { consumersOf } from '../../brokers/consumers.ts'
import { groupPrefixesOf, HUB } from '../../brokers/kafka-users.ts'
import { readableTopic, type ReadableTopic, readableTopics } from '../../brokers/readable.ts'
import { type Platform } from '../../platform.ts'
import { callerOf } from '../access.ts'
import { type App } from '../typed-app.ts'
import { paged, pageOf, PageQuery } from '../page.ts'
import { answers, Consumers } from '../views.ts'

export const TopicParams = Type.Object({ topic: Type.String({ maxLength: 249 }) })

/** Mirrors' dead letters have one name on all of them; the first mirror's are meant where none is named. */
export const MirrorQuery = Type.Object({
  mirror: Type.Optional(Type.String({ maxLength: 60, description: 'whose topic, where several mirrors have it' })),
})

const TopicView = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal('filter'), Type.Literal('stream'), Type.Literal('topic')]),
  /** Id of the filter, or name of the stream or topic. */
  of: Type.String(),
  bootstrap: Type.Union([Type.String(), Type.Null()]),
})

/** Offsets are strings: they are 64-bit numbers. Transaction markers take offsets too, so `high - low` is no count of messages. */
const TopicPage = Type.Object({
  ...TopicView.properties,
  exists: Type.Boolean(),
  empty: Type.Boolean(),
  partitions: Type.Array(Type.Object({ partition: Type.Integer(), low: Type.String(), high: Type.String() })),
  /** Of a topic of the hub; null for a filter's. */
  settings: Type.Union([
    Type.Object({
      retentionMs: Type.Integer(),
      retentionBytes: Type.Integer({ description: 'of each partition; -1 is without a bound' }),
      maxMessageBytes: Type.Integer(),
      bytes: Type.Integer({ description: 'what it takes on disk now' }),
    }),
    Type.Null(),
  ]),
  /** Accounts that write it, where there are such. */
  owners: Type.Array(Type.String()),
  user: Type.String(),
  /** Consumer groups of the user's name and of names that begin like these are its own. */
  groupPrefixes: Type.Array(Type.String()),
  consumers: Type.Union([Consumers, Type.Null()]),
})

const settingsOf = ({ configs, bytes }: TopicDescription) => ({
  retentionMs: Number(configs['retention.ms']),
  retentionBytes: Number(configs['retention.bytes']),
  maxMessageBytes: Number(configs['max.message.bytes']),
  bytes,
})

export function topicRoutes(app: App, platform: Platform): void {
  const { books, brokers, settings } = platform
  const addressOf = ({ broker }: ReadableTopic): string | null =>
    broker === undefined ? null : (brokers.address(broker) ?? null)
  const view = (topic: ReadableTopic) => ({
    name: topic.name,
    kind: topic.kind,
    of: topic.of,
    bootstrap: addressOf(topic),
  })

  app.route({
    method: 'GET',
    url: '/v1/topics',
    config: { scope: ['filters:read', 'stream:full'] },
    schema: {
      summary: 'Topics you may read',
      tags: ['topics'],
      querystring: PageQuery,
      response: answers({ 200: pageOf(TopicView) }),
    },
    handler: async request => {
      const page = paged(
        readableTopics(books, callerOf(request)),
        ({ name, kind, broker }) => (kind === 'topic' && broker !== HUB ? `${name}@${broker}` : name),
        request.query,
      )
      return { ...page, items: page.items.map(view) }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/topics/:topic',
    config: { scope: ['filters:read', 'stream:full'] },
    schema: {
      summary: 'A topic, and programs that read it',
      tags: ['topics'],
      params: TopicParams,
      querystring: MirrorQuery,
      response: answers({ 200: TopicPage }),
    },
    handler: async request => {
      const caller = callerOf(request)
      const topic = readableTopic(books, caller, request.params.topic, request.query.mirror)
      const bootstrap = addressOf(topic)
      const offsets =
        topic.broker === undefined ? { exists: false, partitions: [] } : await brokers.offsets(topic.broker, topic.name)
      const described =
        topic.broker === HUB && offsets.exists ? await brokers.describeTopic(HUB, topic.name) : undefined
      const own = books
        .credentials()
        .find(record => record.topic === topic.name && record.account === caller.account && record.state === 'active')
      const user = own?.user ?? caller.account
      return {
        ...view(topic),
        exists: offsets.exists,
        empty: offsets.partitions.every(({ low, high }) => low === high),
        partitions: offsets.partitions.map(({ partition, low, high }) => ({
          partition,
          low: String(low),
          high: String(high),
        })),
        settings: described === undefined ? null : settingsOf(described),
        owners: books.topic(topic.name)?.owners ?? [],
        user,
        groupPrefixes: groupPrefixesOf(books, user, caller.account),
        consumers:
          bootstrap === null
            ? null
            : consumersOf({ topic: topic.name, bootstrap, user, registryUrl: settings.registryUrl }),
      }
    },
  })
}
