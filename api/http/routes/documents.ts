// The description of this API, for programs and for people.
import { type App } from '../app.ts'

export function documentRoutes(app: App): void {
  app.route({
    method: 'GET',
    url: '/v1/openapi.json',
    config: { scope: 'none' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.send(app.swagger()),
  })
}
