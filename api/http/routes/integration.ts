// For who writes clients: all that is known of the visit that a system with the profile `integration` plays over and over.
import { Type } from 'typebox'
import { type KnownVisit, knownVisit } from '#hub'
import { ApiError } from '../../errors.ts'
import { type Platform } from '../../platform.ts'
import { type App } from '../requests/typed-app.ts'
import { answers } from '../answers/answers.ts'

const AnswersView = Type.Object({
  stream: Type.String(),
  topic: Type.String(),
  visit: Type.String(),
  schemaId: Type.Integer(),
  alerts: Type.Array(
    Type.Object({
      alertId: Type.String(),
      bytes: Type.Integer(),
      sha256: Type.String({ description: 'of the packet as it is on the topic, in hex' }),
    }),
  ),
  filters: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'example filter → ids of the alerts that pass it',
  }),
})

export function integrationRoutes(app: App, { settings }: Platform): void {
  let known: Promise<KnownVisit> | undefined

  app.route({
    method: 'GET',
    url: '/v1/integration/answers',
    config: { scope: 'none' },
    schema: {
      summary: 'What is in the visit that is played over and over',
      tags: ['system'],
      security: [],
      response: answers({ 200: AnswersView }),
    },
    handler: async (_request, reply) => {
      if (settings.integration === undefined) {
        const message =
          'This system does not play a visit that is known beforehand: it was not started with --profile integration.'
        throw new ApiError('API_ROUTE_UNKNOWN', message)
      }
      known ??= knownVisit(settings.integration)
      const { alerts, filters, ...rest } = await known
      const lists = Object.entries(filters).map(([name, ids]) => [name, [...ids]] as const)
      return reply
        .header('cache-control', 'public, max-age=3600')
        .send({ ...rest, alerts: [...alerts], filters: Object.fromEntries(lists) })
    },
  })
}
