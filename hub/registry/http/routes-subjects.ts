// Subjects and their versions: registering, reading, deleting.
import { type FastifyInstance } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { versionToDelete, requireSubject, requireVersion, plainSubject, publicOf } from '../requests/version-answers.ts'
import { type RegistryLog } from '../state/registry-log.ts'
import { deleteSubject, deleteVersion } from '../rules/deleting.ts'
import { register } from '../rules/registering.ts'
import { submittedIn } from '../requests/request-body.ts'

const Subject = Type.Object({ subject: Type.String({ minLength: 1 }) })
const Versioned = Type.Object({ subject: Type.String({ minLength: 1 }), version: Type.String() })
const Flags = Type.Object({
  deleted: Type.Optional(Type.Boolean()),
  deletedOnly: Type.Optional(Type.Boolean()),
  permanent: Type.Optional(Type.Boolean()),
})

export const subjectRoutes = (instance: FastifyInstance, { state, decide }: RegistryLog): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  const all = { schema: { params: Subject, querystring: Flags } }
  const one = { schema: { params: Versioned, querystring: Flags } }

  app.post('/subjects/:subject/versions', all, async ({ params, body }) => {
    const submitted = submittedIn(body)
    const value = await decide(now => register(now, plainSubject(params.subject), submitted))
    return { id: value.id }
  })
  app.get('/subjects/:subject/versions', all, ({ params, query }) =>
    requireSubject(state(), plainSubject(params.subject), query.deleted === true || query.deletedOnly === true)
      .filter(({ deleted }) => query.deletedOnly !== true || deleted === true)
      .map(({ version }) => version),
  )
  app.get('/subjects/:subject/versions/:version', one, ({ params, query }) =>
    publicOf(requireVersion(state(), plainSubject(params.subject), params.version, query.deleted)),
  )
  app.get('/subjects/:subject/versions/:version/schema', one, ({ params, query }, reply) => {
    const { schema } = requireVersion(state(), plainSubject(params.subject), params.version, query.deleted)
    return reply.serializer(String).send(schema)
  })
  app.get('/subjects/:subject/versions/:version/referencedby', one, ({ params }) => {
    const { subject, version } = requireVersion(state(), plainSubject(params.subject), params.version)
    return state()
      .usersOf(subject, version)
      .map(({ id }) => id)
  })

  app.delete('/subjects/:subject', all, ({ params, query }) =>
    decide(now => deleteSubject(now, plainSubject(params.subject), query.permanent === true)),
  )
  app.delete('/subjects/:subject/versions/:version', one, ({ params, query }) =>
    decide(now => {
      const value = versionToDelete(now, plainSubject(params.subject), params.version)
      return deleteVersion(now, value, query.permanent === true)
    }),
  )
}
