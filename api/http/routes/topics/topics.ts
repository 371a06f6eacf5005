// Topics a caller may read: where they are, what is in them, and programs that read them.
import { Type } from 'typebox'
import { type TopicDescription } from '#hub'
import { consumersOf, shapeOf } from '../../../subscribers/client-programs.ts'
import { groupPrefixesOf } from '../../../subscribers/subscriber-acls.ts'
import { readableTopic, type ReadableTopic, readableTopics } from '../../../subscribers/readable-topics.ts'
import { type Platform } from '../../../platform.ts'
import { registryFor } from '../../../settings.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { type Brokers, HUB } from '../../../brokers/brokers.ts'
import { readerOf } from '../../../subscribers/kafka-users.ts'
import { answers } from '../../answers/answers.ts'
import { Consumers, Security } from '../../answers/kafka-user-views.ts'

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
  mirror: Type.Union([Type.String(), Type.Null()], {
    description: 'the node it lies on; null for a topic of the hub, and while a filter has no node yet',
  }),
  bootstrap: Type.Union([Type.String(), Type.Null()]),
})

const Source = Type.Object({
  mirror: Type.Union([Type.String(), Type.Null()], { description: 'null for the hub' }),
  bootstrap: Type.String(),
  until: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'of a node that the filter has left: what it delivered there can be read until then',
    }),
  ),
  security: Security,
})

/** Offsets are strings: they are 64-bit numbers. Transaction markers take offsets too, so `high - low` is no count of messages. */
const TopicPage = Type.Object({
  ...TopicView.properties,
  sources: Type.Array(Source, {
    description:
      'where to read it: all of them together have each delivery once. The present one first; others where a filter has moved',
  }),
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
  user: Type.Union([Type.String(), Type.Null()], {
    description: 'a Kafka user of yours that may read it, the newest first; null where there is none yet',
  }),
  /** Consumer groups of the user's name and of names that begin like these are its own. */
  groupPrefixes: Type.Array(Type.String()),
  security: Type.Union([Security, Type.Null()]),
  consumers: Type.Union([Consumers, Type.Null()], { description: 'null where there is no user or no broker yet' }),
  hint: Type.Union([Type.String(), Type.Null()], { description: 'why there are no consumers, and what to do' }),
})

/** Why no program can be shown, and what to do. */
const hintOf = ({ name, kind, broker }: ReadableTopic, bootstrap: string | null, user: string | null) => {
  if (bootstrap === null) return 'The topic has no broker yet: its filter is still being checked.'
  if (user !== null) return null
  const isOfNode = kind === 'topic' && broker !== undefined && broker !== HUB
  const [option, query] = isOfNode ? [` --mirror ${broker}`, `?mirror=${broker}`] : ['', '']
  return `You have no Kafka user that may read it. Make one, and its programs are shown: skysieve topic credential ${name}${option} (POST /v1/topics/${name}/credentials${query})`
}

/** Where a filter's topic was before, as far as those brokers are served. */
export const earlierOf = (brokers: Pick<Brokers, 'address' | 'security'>, { earlier = [] }: ReadableTopic) =>
  earlier.flatMap(({ broker, until }) => {
    const bootstrap = brokers.address(broker)
    return bootstrap === undefined ? [] : [{ mirror: broker, bootstrap, until, security: brokers.security(broker) }]
  })

const settingsOf = ({ configs, bytes }: TopicDescription) => ({
  retentionMs: Number(configs['retention.ms']),
  retentionBytes: Number(configs['retention.bytes']),
  maxMessageBytes: Number(configs['max.message.bytes']),
  bytes,
})

export function topicRoutes(app: App, platform: Platform): void {
  const { controlState, brokers, settings } = platform
  const addressOf = ({ broker }: ReadableTopic): string | null =>
    broker === undefined ? null : (brokers.address(broker) ?? null)
  const view = (topic: ReadableTopic) => ({
    name: topic.name,
    kind: topic.kind,
    of: topic.of,
    mirror: topic.broker === undefined || topic.broker === HUB ? null : topic.broker,
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
        readableTopics(controlState, callerOf(request)),
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
      const topic = readableTopic(controlState, caller, request.params.topic, request.query.mirror)
      const bootstrap = addressOf(topic)
      const offsets =
        topic.broker === undefined ? { exists: false, partitions: [] } : await brokers.offsets(topic.broker, topic.name)
      const described =
        topic.broker === HUB && offsets.exists ? await brokers.describeTopic(HUB, topic.name) : undefined
      const user = (topic.broker && readerOf(controlState, settings, caller.account, topic.broker, topic.name)) ?? null
      const security = topic.broker === undefined || bootstrap === null ? null : brokers.security(topic.broker)
      const earlier = earlierOf(brokers, topic)
      return {
        ...view(topic),
        sources: [
          ...(bootstrap === null || security === null ? [] : [{ mirror: view(topic).mirror, bootstrap, security }]),
          ...earlier,
        ],
        exists: offsets.exists,
        empty: offsets.partitions.every(({ low, high }) => low === high),
        partitions: offsets.partitions.map(({ partition, low, high }) => ({
          partition,
          low: String(low),
          high: String(high),
        })),
        settings: described === undefined ? null : settingsOf(described),
        owners: controlState.topic(topic.name)?.owners ?? [],
        user,
        groupPrefixes: user === null ? [] : groupPrefixesOf(controlState, user, caller.account),
        security,
        consumers:
          bootstrap === null || user === null
            ? null
            : consumersOf({
                topic: topic.name,
                shape: shapeOf(topic),
                bootstrap,
                user,
                tls: security?.protocol === 'SASL_SSL',
                registryUrl: registryFor(settings),
                earlier,
              }),
        hint: hintOf(topic, bootstrap, user),
      }
    },
  })
}
