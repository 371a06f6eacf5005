// Modes and compatibility levels, of the registry and of single subjects.
import { type FastifyInstance } from 'fastify'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type Catalogue } from './catalogue.ts'
import { DEFAULT_LEVEL, DEFAULT_MODE, demandAvro, liveVersions, setLevel, setMode } from './decisions.ts'
import { configRecord, modeRecord } from './records.ts'
import { refuse } from './refusal.ts'

const Subject = Type.Object({ subject: Type.String({ minLength: 1 }) })
const Params = Type.Object({ subject: Type.Optional(Type.String({ minLength: 1 })) })
const Fallback = Type.Object({ defaultToGlobal: Type.Optional(Type.Boolean()) })
const ModeBody = Type.Object({ mode: Type.String() })
const LevelBody = Type.Object({ compatibility: Type.String() })
const Force = Type.Object({ force: Type.Optional(Type.Boolean()) })

export const settingRoutes = (instance: FastifyInstance, { shelf, decide }: Catalogue): void => {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>()
  const globalLevel = (): string => shelf.config() ?? DEFAULT_LEVEL
  const globalMode = (): string => shelf.mode() ?? DEFAULT_MODE

  app.get('/config', () => ({ compatibilityLevel: globalLevel() }))
  app.get('/config/:subject', { schema: { params: Subject, querystring: Fallback } }, ({ params, query }) => {
    const level = shelf.config(params.subject) ?? (query.defaultToGlobal === true ? globalLevel() : undefined)
    if (level !== undefined) return { compatibilityLevel: level }
    const message = `Subject '${params.subject}' does not have subject-level compatibility configured`
    throw refuse('SUBJECT_CONFIG_NOT_FOUND', message)
  })
  app.get('/mode', () => ({ mode: globalMode() }))
  app.get('/mode/:subject', { schema: { params: Subject, querystring: Fallback } }, ({ params, query }) => {
    const mode = shelf.mode(params.subject) ?? (query.defaultToGlobal === true ? globalMode() : undefined)
    if (mode !== undefined) return { mode }
    throw refuse('SUBJECT_MODE_NOT_FOUND', `Subject '${params.subject}' does not have subject-level mode configured`)
  })

  for (const path of ['', '/:subject']) {
    app.put(`/config${path}`, { schema: { params: Params, body: LevelBody } }, ({ params, body }) =>
      decide(() => setLevel(params.subject, body.compatibility)),
    )
    app.delete(`/config${path}`, { schema: { params: Params } }, ({ params: { subject } }) =>
      decide(current => ({
        records: [configRecord(subject, null)],
        answer: { compatibilityLevel: current.config(subject) ?? globalLevel() },
      })),
    )
    app.put(`/mode${path}`, { schema: { params: Params, body: ModeBody, querystring: Force } }, request =>
      decide(current => setMode(current, request.params.subject, request.body.mode, request.query.force === true)),
    )
    app.delete(`/mode${path}`, { schema: { params: Params } }, ({ params: { subject } }) =>
      decide(current => ({
        records: [modeRecord(subject, null)],
        answer: { mode: current.mode(subject) ?? globalMode() },
      })),
    )
  }

  // With level NONE, which is the only one there is, every version follows every other.
  const Candidate = Type.Object({ schema: Type.String(), schemaType: Type.Optional(Type.String()) })
  const Versions = Type.Object({ subject: Type.String(), version: Type.Optional(Type.String()) })
  for (const path of ['', '/:version'])
    app.post(
      `/compatibility/subjects/:subject/versions${path}`,
      { schema: { params: Versions, body: Candidate } },
      request => {
        demandAvro(request.body)
        const { subject, version } = request.params
        if (version !== undefined && liveVersions(shelf, subject).length === 0)
          throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
        return { is_compatible: true }
      },
    )
}
