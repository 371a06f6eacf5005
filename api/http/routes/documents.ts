// The description of this API: OpenAPI for programs, one page for people.
import { type App } from '../requests/typed-app.ts'
import { referencePage } from './reference-page.ts'

export function documentRoutes(app: App): void {
  app.route({
    method: 'GET',
    url: '/v1/openapi.json',
    config: { scope: 'none' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.send(app.swagger()),
  })

  app.route({
    method: 'GET',
    url: '/docs',
    config: { scope: 'none' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.type('text/html').send(referencePage(app.swagger())),
  })
}
