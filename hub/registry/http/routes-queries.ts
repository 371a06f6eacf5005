// What anybody may ask with a schema of their own. Bodies stay bytes here: they are read beside the event loop (requests/query-queue.ts).
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type QueryQueue } from '../requests/query-queue.ts'
import { type SentBody } from '../requests/query.ts'
import { rateLimited } from './rate-limits.ts'

const Subject = Type.Object({ subject: Type.String({ minLength: 1 }) })
const Versioned = Type.Object({ subject: Type.String({ minLength: 1 }), version: Type.Optional(Type.String()) })
const Flags = Type.Object({ deleted: Type.Optional(Type.Boolean()), verbose: Type.Optional(Type.Boolean()) })

/** Registered as a plugin of its own, so that no other route's bodies stay bytes. */
export const queryRoutes = (
  instance: FastifyInstance,
  { ask }: Pick<QueryQueue, 'ask'>,
  bodyTypes: readonly string[],
): void => {
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser(
    [...bodyTypes],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => ({
      bytes,
      contentType: request.headers['content-type'],
    }),
  )
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  const sent = (body: unknown): SentBody =>
    (body as SentBody | null | undefined) ?? { bytes: new Uint8Array(0), contentType: undefined }

  app.post(
    '/subjects/:subject',
    { schema: { params: Subject, querystring: Flags }, config: rateLimited },
    async ({ params, body, query }) =>
      ask({ kind: 'lookup', subject: params.subject, withDeleted: query.deleted, body: sent(body) }),
  )
  for (const path of ['', '/:version'])
    app.post(
      `/compatibility/subjects/:subject/versions${path}`,
      { schema: { params: Versioned, querystring: Flags }, config: rateLimited },
      async ({ params: { subject, version }, body, query: { verbose = false } }) =>
        ask({ kind: 'compatibility', subject, version, isVerbose: verbose, body: sent(body) }),
    )
}
