// The registry over HTTP as Confluent's clients expect it: content types, error bodies, parameters. The routes are next door.
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { HubError } from '../errors.ts'
import { type Catalogue } from './catalogue.ts'
import { isRefusal, REFUSALS } from './refusal.ts'
import { schemaRoutes } from './routes-schemas.ts'
import { settingRoutes } from './routes-settings.ts'
import { subjectRoutes } from './routes-subjects.ts'

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
const BODY_TYPES = [CONTENT_TYPE, 'application/vnd.schemaregistry+json', 'application/octet-stream']
/** Rubin's schemas are 120 KB with their documentation. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** Subjects may be long; fastify's default is 100. */
const MAX_SUBJECT_LENGTH = 500
const UNPROCESSABLE = 422
const NOT_FOUND = 404
const INTERNAL = 500

const STATUS_DIVISOR = 100

/** Status, code and message of an answer to what was thrown. */
const answerOf = (error: unknown): { status: number; body: { error_code: number; message: string } } => {
  if (isRefusal(error)) {
    const { errorCode, message } = error
    return { status: Math.floor(errorCode / STATUS_DIVISOR), body: { error_code: errorCode, message } }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof Error && 'validation' in error)
    return { status: UNPROCESSABLE, body: { error_code: UNPROCESSABLE, message } }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return { status: error.statusCode, body: { error_code: error.statusCode, message } }
  const text = error instanceof HubError ? `The schemas’ topic cannot be written: ${message}` : message
  return { status: INTERNAL, body: { error_code: REFUSALS.STORE, message: text } }
}

/** The app, not yet listening. */
export const registryApp = (catalogue: Catalogue, options: FastifyServerOptions = {}): FastifyInstance => {
  const app = fastify({
    ...options,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_SUBJECT_LENGTH, ignoreTrailingSlash: true },
    forceCloseConnections: true,
  })
  app.addContentTypeParser(BODY_TYPES, { parseAs: 'string' }, app.getDefaultJsonParser('error', 'ignore'))
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-type', CONTENT_TYPE)
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error)
    if (status >= INTERNAL) request.log.error(error, 'the registry cannot answer')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(NOT_FOUND).send({ error_code: NOT_FOUND, message: 'HTTP 404 Not Found' }),
  )
  app.get('/', () => ({}))
  schemaRoutes(app, catalogue)
  subjectRoutes(app, catalogue)
  settingRoutes(app, catalogue)
  return app
}
