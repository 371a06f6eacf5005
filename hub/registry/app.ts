// The registry over HTTP as Confluent's clients expect it: content types, error bodies, parameters. The routes are next door.
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { type Catalogue } from './catalogue.ts'
import { isRefusal, REFUSALS } from './refusal.ts'
import { type RegistryMetrics } from './metrics.ts'
import { addWriteAccess } from './write-access.ts'
import { schemaRoutes } from './routes-schemas.ts'
import { settingRoutes } from './routes-settings.ts'
import { subjectRoutes } from './routes-subjects.ts'

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
const BODY_TYPES = ['application/json', CONTENT_TYPE, 'application/vnd.schemaregistry+json', 'application/octet-stream']
/** Rubin's schemas are 120 KB with their documentation; a record of the topic has at most 10 MB. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** Subjects may be long; fastify's default is 100. */
const MAX_SUBJECT_LENGTH = 1000
const NOT_FOUND = 404
const UNPROCESSABLE = 422
const TOO_LARGE = 413
const INTERNAL = 500
const MS = 1000
/** Java reads these without regard to case, and what is not true as false; Python's client writes True. */
const FLAGS = new Set([
  'defaultToGlobal',
  'deleted',
  'deletedOnly',
  'fetchMaxId',
  'force',
  'latestOnly',
  'permanent',
  'verbose',
])

const isTrue = (text: unknown): boolean => String(text).toLowerCase() === 'true'

interface Answer {
  readonly status: number
  readonly body: { readonly error_code: number; readonly message: string }
}

const answerOf = (error: unknown): Answer => {
  const message = error instanceof Error ? error.message : String(error)
  const answer = (status: number, error_code = status): Answer => ({ status, body: { error_code, message } })
  if (isRefusal(error)) return answer(error.status, error.errorCode)
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : INTERNAL
  if (error instanceof SyntaxError) return answer(UNPROCESSABLE, REFUSALS.INVALID_SCHEMA)
  if (status === TOO_LARGE) return answer(UNPROCESSABLE, REFUSALS.TOO_LARGE)
  if (error instanceof Error && 'validation' in error) return answer(UNPROCESSABLE)
  return typeof status === 'number' && status < INTERNAL ? answer(status) : answer(INTERNAL, REFUSALS.STORE)
}

/** The app, not yet listening; with the hash of a token, only who shows it writes. */
export const registryApp = (
  catalogue: Catalogue,
  options: FastifyServerOptions = {},
  metrics?: RegistryMetrics,
  writeTokenSha256?: string,
): FastifyInstance => {
  const app = fastify({
    ...options,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_SUBJECT_LENGTH, ignoreTrailingSlash: true },
    forceCloseConnections: true,
  })
  app.removeAllContentTypeParsers()
  // Clients send an empty body with a type, too.
  app.addContentTypeParser(
    BODY_TYPES,
    { parseAs: 'string' },
    async (_request: unknown, text: string): Promise<unknown> => (text === '' ? undefined : JSON.parse(text)),
  )
  app.addHook('preValidation', async ({ query }) => {
    if (typeof query !== 'object' || query === null) return
    const flags = Object.entries(query).filter(([name]) => FLAGS.has(name))
    Object.assign(query, Object.fromEntries(flags.map(([name, text]) => [name, isTrue(text)])))
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-type', CONTENT_TYPE)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    metrics?.requestSeconds.observe(
      { route, method: request.method, status: String(reply.statusCode) },
      reply.elapsedTime / MS,
    )
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error)
    if (status >= INTERNAL && !isRefusal(error)) request.log.error(error, 'the registry cannot answer')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(NOT_FOUND).send({ error_code: NOT_FOUND, message: 'HTTP 404 Not Found' }),
  )
  if (writeTokenSha256 !== undefined) addWriteAccess(app, writeTokenSha256)
  app.get('/', () => ({}))
  app.get('/v1/metadata/id', () => ({ scope: { path: [], clusters: {} }, id: '' }))
  app.get('/v1/metadata/version', () => ({ version: '8.0.0', commitId: '' }))
  schemaRoutes(app, catalogue)
  subjectRoutes(app, catalogue)
  settingRoutes(app, catalogue)
  return app
}
