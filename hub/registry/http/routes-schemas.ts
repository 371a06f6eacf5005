// Schemas by id: what every deserializer asks for.
import { type FastifyInstance } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { detailsOf, plainSubject, publicOf } from '../requests/version-answers.ts'
import { resolvedText } from '../rules/resolve-references.ts'
import { type RegistryLog } from '../state/registry-log.ts'
import { type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { MAX_ID } from '../rules/registering.ts'
import { type RegistryState } from '../state/registry-state.ts'

const ById = { params: Type.Object({ id: Type.Integer({ minimum: 0, maximum: MAX_ID }) }) }
const Listing = Type.Object({
  deleted: Type.Optional(Type.Boolean()),
  deletedOnly: Type.Optional(Type.Boolean()),
  latestOnly: Type.Optional(Type.Boolean()),
  subjectPrefix: Type.Optional(Type.String()),
})
const One = Type.Object({ fetchMaxId: Type.Optional(Type.Boolean()), format: Type.Optional(Type.String()) })

const demandId = (state: RegistryState, id: number): SchemaValue => {
  const found = state.byId(id)
  if (found === undefined) throw refuse('SCHEMA_NOT_FOUND', `Schema ${id} not found`)
  return found
}

/** `:*:` stands for every context. */
const prefixOf = (text = ''): string => plainSubject(text.replace(/^:\*:/, ''))

export const schemaRoutes = (instance: FastifyInstance, { state }: RegistryLog): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  app.get('/schemas/types', () => ['AVRO'])
  app.get('/contexts', () => ['.'])
  app.get('/subjects', { schema: { querystring: Listing } }, ({ query }) => {
    const now = state()
    return now
      .subjects(query.deleted === true || query.deletedOnly === true)
      .filter(subject => subject.startsWith(prefixOf(query.subjectPrefix)))
      .filter(subject => query.deletedOnly !== true || now.versions(subject).length === 0)
  })
  app.get('/schemas', { schema: { querystring: Listing } }, ({ query }) => {
    const now = state()
    const wanted = now.subjects(query.deleted).filter(subject => subject.startsWith(prefixOf(query.subjectPrefix)))
    return wanted
      .flatMap(subject => now.versions(subject, query.deleted).slice(query.latestOnly === true ? -1 : 0))
      .map(publicOf)
  })

  app.get('/schemas/ids/:id', { schema: { ...ById, querystring: One } }, ({ params, query }) => {
    const value = demandId(state(), params.id)
    const more = query.fetchMaxId === true ? { maxId: state().lastId } : {}
    if (query.format === 'resolved' && value.references?.length)
      return { schema: resolvedText(state(), value), ...more }
    return { schema: value.schema, ...detailsOf(value), ...more }
  })
  app.get('/schemas/ids/:id/schema', { schema: ById }, ({ params }, reply) => {
    const { schema } = demandId(state(), params.id)
    // As text: fastify would quote a string.
    return reply.serializer(String).send(schema)
  })
  const uses = (id: number, withDeleted?: boolean): SchemaValue[] => {
    demandId(state(), id)
    return state().uses(id, withDeleted)
  }
  app.get('/schemas/ids/:id/subjects', { schema: { ...ById, querystring: Listing } }, ({ params, query }) => [
    ...new Set(uses(params.id, query.deleted).map(({ subject }) => subject)),
  ])
  app.get('/schemas/ids/:id/versions', { schema: { ...ById, querystring: Listing } }, ({ params, query }) =>
    uses(params.id, query.deleted).map(({ subject, version }) => ({ subject, version })),
  )
}
