// Dead letters as operators handle them: listed, looked at, sent again.
import { Type } from 'typebox'
import { type DeadLetter, deadLetter, deadLetters, retryDeadLetter } from '../../brokers/dead-letters.ts'
import { type Platform } from '../../platform.ts'
import { type App } from '../requests/typed-app.ts'
import { HUB } from '../../brokers/brokers.ts'
import { answers } from '../answers/answers.ts'

const Offset = Type.String({ pattern: '^[0-9]{1,18}$', maxLength: 18 })
const Broker = Type.String({ minLength: 1, maxLength: 49, description: '`hub`, or the name of a node' })
const Params = Type.Object({ broker: Broker, offset: Offset })

const DeadLetterView = Type.Object({
  broker: Type.String(),
  offset: Type.String(),
  reason: Type.String({ description: 'a code' }),
  message: Type.String(),
  source: Type.Union([Type.String(), Type.Null()], {
    description: 'topic, partition and offset of the packet on that broker',
  }),
  stream: Type.Union([Type.String(), Type.Null()]),
  schemaId: Type.Union([Type.Integer(), Type.Null()], { description: 'null where the first bytes are no frame' }),
  time: Type.String({ description: 'when it was put aside' }),
  bytes: Type.Integer(),
  head: Type.String({ description: 'its first 64 bytes, in hexadecimal' }),
})

const view = ({ offset, stream, timestampMs, ...letter }: DeadLetter) => ({
  ...letter,
  offset: String(offset),
  stream: stream?.name ?? null,
  time: new Date(timestampMs).toISOString(),
})

export function deadLetterRoutes(app: App, { brokers, knowsSchema }: Platform): void {
  app.route({
    method: 'GET',
    url: '/v1/dead-letters',
    config: { scope: 'admin' },
    schema: {
      summary: 'Packets that could not be read, newest first',
      tags: ['system'],
      querystring: Type.Object({
        broker: Type.Optional(Broker),
        limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
        cursor: Type.Optional(Offset),
      }),
      response: answers({
        200: Type.Object({
          items: Type.Array(DeadLetterView),
          nextCursor: Type.Union([Type.String(), Type.Null()]),
        }),
      }),
    },
    handler: async ({ query: { broker = HUB, limit, cursor } }) => {
      const before = cursor === undefined ? undefined : BigInt(cursor)
      const { letters, next } = await deadLetters(brokers, broker, { limit, before })
      return { items: letters.map(view), nextCursor: next === undefined ? null : String(next) }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/dead-letters/:broker/:offset',
    config: { scope: 'admin' },
    schema: {
      summary: 'One of them, and its whole packet in base64',
      tags: ['system'],
      params: Params,
      response: answers({ 200: Type.Object({ ...DeadLetterView.properties, packet: Type.String() }) }),
    },
    handler: async ({ params: { broker, offset } }) => {
      const { letter, record } = await deadLetter(brokers, broker, BigInt(offset))
      return { ...view(letter), packet: record.value?.toString('base64') ?? '' }
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/dead-letters/:broker/:offset/retry',
    config: { scope: 'admin' },
    schema: {
      summary: 'Send it into its stream again, once what was wrong is mended',
      tags: ['system'],
      params: Params,
      response: answers({ 200: Type.Object({ topic: Type.String() }) }),
    },
    handler: async ({ params: { broker, offset } }) =>
      retryDeadLetter(brokers, await deadLetter(brokers, broker, BigInt(offset)), knowsSchema),
  })
}
