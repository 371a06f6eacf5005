// The head of the OpenAPI document; its paths come from the routes' schemas.
import { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'

export const OPENAPI: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'Skysieve',
    version: '1',
    description:
      'Submit filters for an alert stream, watch them, and read what they pick from Kafka topics of their own. ' +
      'Errors are application/problem+json with a stable `code`. Ids are decimal or lower-case strings, times ISO 8601 in UTC.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'sky_…' } } },
  security: [{ token: [] }],
  tags: [
    { name: 'filters', description: 'What authors submit' },
    { name: 'topics', description: 'What subscribers read' },
    { name: 'accounts', description: 'Accounts and tokens' },
    { name: 'alerts', description: 'Archived alerts by id, by place and by time' },
    { name: 'archive', description: 'Work on the archive, for administrators' },
    { name: 'nodes', description: 'Mirror nodes, where filters run' },
    { name: 'system', description: 'Limits and runtimes' },
  ],
}
