// Subjects and their versions: registering, looking up, deleting.
import { type FastifyInstance } from 'fastify'
import { type Static, Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type Catalogue } from './catalogue.ts'
import {
  deleteSubject,
  deleteVersion,
  demandAvro,
  findSame,
  liveVersions,
  register,
  type Submitted,
} from './decisions.ts'
import { type SchemaValue } from './records.ts'
import { refuse } from './refusal.ts'
import { type Shelf } from './shelf.ts'

const Subject = Type.Object({ subject: Type.String({ minLength: 1 }) })
const Versioned = Type.Object({ subject: Type.String({ minLength: 1 }), version: Type.String() })
const Flags = Type.Object({ deleted: Type.Optional(Type.Boolean()), permanent: Type.Optional(Type.Boolean()) })
const Body = Type.Object({
  schema: Type.String(),
  schemaType: Type.Optional(Type.String()),
  references: Type.Optional(Type.Array(Type.Unknown())),
  metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  id: Type.Optional(Type.Integer({ minimum: -1, maximum: 2_147_483_647 })),
  version: Type.Optional(Type.Integer({ minimum: -1 })),
})

const LATEST = -1

/** -1 is what some clients send for "none". */
const submittedOf = ({ id, ...body }: Static<typeof Body>): Submitted =>
  id === undefined || id === LATEST ? body : { ...body, id }

const publicOf = ({ subject, version, id, schema, metadata }: SchemaValue) => ({
  subject,
  version,
  id,
  schema,
  ...(metadata ? { metadata } : {}),
})

const versionOf = (text: string): number => {
  const version = text === 'latest' ? LATEST : Number(text)
  if (version === LATEST || (Number.isInteger(version) && version > 0)) return version
  throw refuse(
    'INVALID_VERSION',
    `The specified version '${text}' is not a valid version id. Allowed are 1 and above, and "latest".`,
  )
}

const demandVersion = (shelf: Shelf, subject: string, text: string, withDeleted = false): SchemaValue => {
  const version = versionOf(text)
  const all = withDeleted ? shelf.versions(subject) : liveVersions(shelf, subject)
  if (all.length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
  const found = version === LATEST ? all.at(-1) : all.find(value => value.version === version)
  if (found === undefined) throw refuse('VERSION_NOT_FOUND', `Version ${text} not found.`)
  return found
}

export const subjectRoutes = (instance: FastifyInstance, { shelf, decide }: Catalogue): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  const Listing = Type.Object({ deleted: Type.Optional(Type.Boolean()), subjectPrefix: Type.Optional(Type.String()) })
  app.get('/subjects', { schema: { querystring: Listing } }, ({ query: { deleted = false, subjectPrefix = '' } }) =>
    shelf
      .subjects()
      .filter(subject => subject.startsWith(subjectPrefix) && (deleted || liveVersions(shelf, subject).length > 0)),
  )

  app.post('/subjects/:subject/versions', { schema: { params: Subject, body: Body } }, async ({ params, body }) => {
    const value = await decide(current => register(current, params.subject, submittedOf(body)))
    return { id: value.id }
  })

  app.post('/subjects/:subject', { schema: { params: Subject, body: Body, querystring: Flags } }, request => {
    const { subject } = request.params
    demandAvro(request.body)
    if (shelf.versions(subject).length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
    const found = findSame(shelf, subject, request.body.schema, request.query.deleted)
    if (found === undefined) throw refuse('SCHEMA_NOT_FOUND', 'Schema not found')
    return publicOf(found)
  })

  app.get('/subjects/:subject/versions', { schema: { params: Subject, querystring: Flags } }, ({ params, query }) => {
    const versions = query.deleted === true ? shelf.versions(params.subject) : liveVersions(shelf, params.subject)
    if (versions.length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${params.subject}' not found.`)
    return versions.map(({ version }) => version)
  })

  const one = { schema: { params: Versioned, querystring: Flags } }
  app.get('/subjects/:subject/versions/:version', one, ({ params, query }) =>
    publicOf(demandVersion(shelf, params.subject, params.version, query.deleted)),
  )
  app.get('/subjects/:subject/versions/:version/schema', one, ({ params, query }, reply) =>
    reply.serializer(String).send(demandVersion(shelf, params.subject, params.version, query.deleted).schema),
  )
  // No schema refers to another here.
  app.get('/subjects/:subject/versions/:version/referencedby', one, ({ params }) => {
    demandVersion(shelf, params.subject, params.version)
    return []
  })

  app.delete('/subjects/:subject', { schema: { params: Subject, querystring: Flags } }, ({ params, query }) =>
    decide(current => deleteSubject(current, params.subject, query.permanent === true)),
  )
  app.delete('/subjects/:subject/versions/:version', one, ({ params, query }) =>
    decide(current => {
      const permanent = query.permanent === true
      const value = demandVersion(current, params.subject, params.version, true)
      return deleteVersion(current, params.subject, value, permanent)
    }),
  )
}
