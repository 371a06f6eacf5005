// Modes and compatibility levels, of the registry and of single subjects.
import { type FastifyInstance } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { plainSubject } from '../requests/version-answers.ts'
import { type RegistryLog } from '../state/registry-log.ts'
import { refuse } from '../state/registry-errors.ts'
import { levelIn, modeIn } from '../requests/request-body.ts'
import { dropLevel, dropMode, levelOf, modeOf, setLevel, setMode } from '../rules/modes-and-levels.ts'

const Subject = Type.Object({ subject: Type.String({ minLength: 1 }) })
const OptionalSubject = Type.Object({ subject: Type.Optional(Type.String({ minLength: 1 })) })
const Flags = Type.Object({
  defaultToGlobal: Type.Optional(Type.Boolean()),
  force: Type.Optional(Type.Boolean()),
})

const nameIn = ({ subject }: { subject?: string }) => (subject === undefined ? undefined : plainSubject(subject))

export const settingRoutes = (instance: FastifyInstance, { state, decide }: RegistryLog): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()

  app.get('/config', () => ({ compatibilityLevel: levelOf(state()) }))
  app.get('/config/:subject', { schema: { params: Subject, querystring: Flags } }, ({ params, query }) => {
    const subject = plainSubject(params.subject)
    if (query.defaultToGlobal === true || state().level(subject) !== undefined)
      return { compatibilityLevel: levelOf(state(), subject) }
    throw refuse(
      'SUBJECT_CONFIG_NOT_FOUND',
      `Subject '${subject}' does not have subject-level compatibility configured`,
    )
  })
  app.get('/mode', () => ({ mode: modeOf(state()) }))
  app.get('/mode/:subject', { schema: { params: Subject, querystring: Flags } }, ({ params, query }) => {
    const subject = plainSubject(params.subject)
    if (query.defaultToGlobal === true || state().mode(subject) !== undefined) return { mode: modeOf(state(), subject) }
    throw refuse('SUBJECT_MODE_NOT_FOUND', `Subject '${subject}' does not have subject-level mode configured`)
  })

  for (const path of ['', '/:subject']) {
    const options = { schema: { params: OptionalSubject, querystring: Flags } }
    app.put(`/config${path}`, options, ({ params, body }) => {
      const level = levelIn(body)
      return decide(now => setLevel(now, nameIn(params), level))
    })
    app.delete(`/config${path}`, options, ({ params }) => decide(now => dropLevel(now, nameIn(params))))
    app.put(`/mode${path}`, options, ({ params, body, query }) => {
      const mode = modeIn(body)
      return decide(now => setMode(now, nameIn(params), mode, query.force === true))
    })
    app.delete(`/mode${path}`, options, ({ params }) => decide(now => dropMode(now, nameIn(params))))
  }
}
