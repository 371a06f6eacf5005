// Topics of the hub that administrators make for accounts, and delete again.
import { Type } from 'typebox'
import { AccountName, TopicName, type TopicRecord } from '../../../control/account-records.ts'
import { finishTopic, refuseReservedTopic, removeTopic } from '../../../subscribers/hub-topics.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import { answers } from '../../answers/answers.ts'
import { HubTopicView, hubTopicView } from '../../answers/topic-views.ts'

const DAY_MS = 86_400_000
const GB = 1_000_000_000
/** DMTN-093: brokers take messages up to 10 MB. */
const MAX_MESSAGE_BYTES = 10_485_760
const MAX_PARTITIONS = 200

const NewTopic = Type.Object(
  {
    name: TopicName,
    owners: Type.Optional(Type.Array(AccountName, { uniqueItems: true, maxItems: 20 })),
    partitions: Type.Integer({ minimum: 1, maximum: MAX_PARTITIONS, default: 1 }),
    retentionMs: Type.Integer({ minimum: 60_000, maximum: 3660 * DAY_MS, default: 7 * DAY_MS }),
    /** Of each partition. */
    retentionBytes: Type.Integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER, default: GB }),
    maxMessageBytes: Type.Integer({ minimum: 1000, maximum: MAX_MESSAGE_BYTES, default: MAX_MESSAGE_BYTES }),
  },
  { additionalProperties: false },
)

export function hubTopicRoutes(app: App, platform: Platform): void {
  const { controlState, brokers, writes } = platform

  app.route({
    method: 'POST',
    url: '/v1/topics',
    config: { scope: 'admin' },
    schema: {
      summary: 'Make a topic on the hub',
      tags: ['topics'],
      body: NewTopic,
      response: answers({ 201: HubTopicView }),
    },
    async handler({ body }, reply) {
      refuseReservedTopic(body.name)
      for (const owner of body.owners ?? []) {
        const account = controlState.account(owner)
        if (account && account.state !== 'leaving') continue
        throw new ApiError('API_ACCOUNT_UNKNOWN', `There is no account “${owner}” to own the topic.`)
      }
      const exists = (await brokers.describeTopic('hub', body.name)) !== undefined
      const record = await writes.change(async writer => {
        if (exists || controlState.topic(body.name)) {
          throw new ApiError('API_NAME_TAKEN', `There already is a topic “${body.name}” on the hub.`)
        }
        const createdAt = new Date(platform.nowMs()).toISOString()
        const fresh: TopicRecord = { kind: 'topic', ...body, owners: body.owners ?? [], state: 'making', createdAt }
        await writer.record(fresh)
        return fresh
      })
      await finishTopic(platform, record)
      return reply.code(201).header('location', `/v1/topics/${record.name}`).send(hubTopicView(record))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/topics/:topic',
    config: { scope: 'admin' },
    schema: {
      summary: 'Delete a topic that was made here, with all that is in it',
      tags: ['topics'],
      params: Type.Object({ topic: Type.String({ maxLength: 249 }) }),
      response: answers({ 204: Type.Null() }),
    },
    async handler({ params: { topic } }, reply) {
      const record = controlState.topic(topic)
      if (!record) {
        const message = `No topic “${topic}” was made here. A filter's topic goes with its filter; a stream's stays.`
        throw new ApiError('API_TOPIC_UNKNOWN', message)
      }
      await removeTopic(platform, record)
      return reply.code(204).send(null)
    },
  })
}
