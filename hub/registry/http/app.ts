// The registry over HTTP, as Confluent's clients expect it. In: requests. Out: answers in the registry's content types, with Confluent's error codes.
// Here: content types, parameters and limits. The routes are in routes-*.ts, the answers to errors in error-answers.ts.
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { acceptedType, TYPES } from './accept-header.ts'
import { type RegistryLog } from '../state/registry-log.ts'
import { addErrorAnswers, plainErrorAnswer } from './error-answers.ts'
import { type RegistryMetrics } from './metrics.ts'
import { addRateLimits } from './rate-limits.ts'
import { queryRoutes } from './routes-queries.ts'
import { openQueryQueue } from '../requests/query-queue.ts'
import { jsonIn } from '../requests/request-body.ts'
import { schemaRoutes } from './routes-schemas.ts'
import { settingRoutes } from './routes-settings.ts'
import { subjectRoutes } from './routes-subjects.ts'
import { requireWriteToken } from './write-token.ts'

const BODY_TYPES = [...TYPES, 'application/octet-stream']
/** Rubin's schemas are 120 KB with their documentation; a record of the topic has at most 10 MB. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** Subjects may be long; fastify's default is 100. */
const MAX_SUBJECT_LENGTH = 1000
const BAD_REQUEST = 400
const NOT_ACCEPTABLE = 406
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

/** The app, not yet listening; with the hash of a token, only who shows it writes. */
export const registryApp = async (
  registryLog: RegistryLog,
  options: FastifyServerOptions = {},
  metrics?: RegistryMetrics,
  writeTokenSha256?: string,
): Promise<FastifyInstance> => {
  const app = fastify({
    ...options,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_SUBJECT_LENGTH, ignoreTrailingSlash: true },
    forceCloseConnections: true,
    // A path that cannot be read is refused before there are hooks for it.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const { status, body } = plainErrorAnswer(error.statusCode ?? BAD_REQUEST)
      void reply
        .code(status)
        .header('content-type', TYPES[0])
        .send(Buffer.from(JSON.stringify(body)))
    },
  })
  app.removeAllContentTypeParsers()
  // Clients send an empty body with a type, too.
  app.addContentTypeParser(
    BODY_TYPES,
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer): Promise<unknown> => {
      return jsonIn(bytes, request.headers['content-type'])
    },
  )
  addErrorAnswers(app)
  app.addHook('onRequest', async ({ headers }) => {
    if (acceptedType(headers.accept) !== undefined) return
    throw Object.assign(new Error('HTTP 406 Not Acceptable'), { statusCode: NOT_ACCEPTABLE })
  })
  app.addHook('preValidation', async ({ query }) => {
    if (typeof query !== 'object' || query === null) return
    const flags = Object.entries(query).filter(([name]) => FLAGS.has(name))
    Object.assign(query, Object.fromEntries(flags.map(([name, text]) => [name, isTrue(text)])))
  })
  app.addHook('onSend', async ({ headers }, reply) => {
    reply.header('content-type', acceptedType(headers.accept) ?? TYPES[0])
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    metrics?.requestSeconds.observe(
      { route, method: request.method, status: String(reply.statusCode) },
      reply.elapsedTime / MS,
    )
  })
  const mayWrite = writeTokenSha256 === undefined ? undefined : requireWriteToken(app, writeTokenSha256)
  await addRateLimits(app, mayWrite)
  app.get('/', () => ({}))
  app.get('/v1/metadata/id', () => ({ scope: { path: [], clusters: {} }, id: '' }))
  app.get('/v1/metadata/version', () => ({ version: '8.0.0', commitId: '' }))
  schemaRoutes(app, registryLog)
  subjectRoutes(app, registryLog)
  settingRoutes(app, registryLog)
  const queue = openQueryQueue(registryLog)
  app.addHook('onClose', () => queue.close())
  await app.register(async own => queryRoutes(own, queue, BODY_TYPES))
  return app
}
