// Schemas by id: what every deserializer asks for.
import { type FastifyInstance } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type Catalogue } from './catalogue.ts'
import { refuse } from './refusal.ts'
import { type Shelf, type Shelved } from './shelf.ts'

const ById = { params: Type.Object({ id: Type.Integer({ minimum: 0 }) }) }
const Listing = Type.Object({ deleted: Type.Optional(Type.Boolean()) })

const demandId = (shelf: Shelf, id: number): Shelved => {
  const found = shelf.byId(id)
  if (found === undefined) throw refuse('SCHEMA_NOT_FOUND', `Schema ${id} not found`)
  return found
}

export const schemaRoutes = (instance: FastifyInstance, { shelf }: Catalogue): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  app.get('/schemas/types', () => ['AVRO'])
  app.get('/contexts', () => ['.'])
  // `AVRO` is what is meant where there is no type: older clients do not know the property.
  app.get('/schemas/ids/:id', { schema: ById }, ({ params }) => ({ schema: demandId(shelf, params.id).schema }))
  app.get('/schemas/ids/:id/schema', { schema: ById }, ({ params }, reply) =>
    // As text: fastify would quote a string.
    reply.serializer(String).send(demandId(shelf, params.id).schema),
  )
  const uses = (id: number, withDeleted = false) => {
    demandId(shelf, id)
    return shelf.uses(id).filter(({ deleted }) => withDeleted || deleted !== true)
  }
  app.get('/schemas/ids/:id/subjects', { schema: { ...ById, querystring: Listing } }, ({ params, query }) => [
    ...new Set(uses(params.id, query.deleted).map(({ subject }) => subject)),
  ])
  app.get('/schemas/ids/:id/versions', { schema: { ...ById, querystring: Listing } }, ({ params, query }) =>
    uses(params.id, query.deleted).map(({ subject, version }) => ({ subject, version })),
  )
}
