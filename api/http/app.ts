// The HTTP application: plugins, hooks and routes over a Platform. Building it connects to nothing; whoever builds it listens.
// In: requests. Out: answers of hooks and routes, and problem documents. Read it first in this folder.
import { randomUUID } from 'node:crypto'
import swagger from '@fastify/swagger'
import { type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, LogController, type FastifyBaseLogger } from 'fastify'
import { ApiError } from '../errors.ts'
import { type HttpMetrics } from '../metrics.ts'
import { type Platform } from '../platform.ts'
import { addAuthentication } from './hooks/authenticate.ts'
import { addAudit } from './hooks/audit.ts'
import { addReceived } from './hooks/received.ts'
import { addForwarding } from './hooks/forward-to-leader.ts'
import { addInput } from './hooks/exact-input.ts'
import { OPENAPI } from './openapi-head.ts'
import { type Redis } from 'ioredis'
import { openLimiter } from '../rate-limits/limiter.ts'
import { addRateLimit } from './hooks/rate-limit.ts'
import { ProblemDocument, sendProblem } from './answers/problem.ts'
import { accountRoutes } from './routes/accounts/accounts.ts'
import { tokenRoutes } from './routes/accounts/tokens.ts'
import { aclRoutes } from './routes/accounts/acls.ts'
import { alertPartRoutes } from './routes/archive/alert-parts.ts'
import { alertRangeRoutes } from './routes/archive/alert-range.ts'
import { alertSearchRoutes } from './routes/archive/alert-search.ts'
import { alertRoutes } from './routes/archive/alerts.ts'
import { archiveJobRoutes } from './routes/archive/archive-jobs.ts'
import { auditRoutes } from './routes/audit.ts'
import { credentialRoutes } from './routes/topics/credentials.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { documentRoutes } from './routes/documents.ts'
import { filterChangeRoutes } from './routes/filters/filter-changes.ts'
import { filterMoveRoutes } from './routes/filters/filter-moves.ts'
import { filterRoutes } from './routes/filters/filters.ts'
import { hubTopicRoutes } from './routes/topics/hub-topics.ts'
import { integrationRoutes } from './routes/integration.ts'
import { joinRoutes } from './routes/nodes/join.ts'
import { loginRoutes } from './routes/accounts/logins.ts'
import { nodeDrainRoutes } from './routes/nodes/drains.ts'
import { nodeChangeRoutes } from './routes/nodes/node-changes.ts'
import { machineReplacementRoute } from './routes/nodes/replacements.ts'
import { nodeRoutes } from './routes/nodes/nodes.ts'
import { systemRoutes } from './routes/system.ts'
import { topicRoutes } from './routes/topics/topics.ts'
import { addFormats } from './requests/text-formats.ts'
import { type App } from './requests/typed-app.ts'
import { refuseUnreadable } from './hooks/unreadable-request.ts'

/** Of bodies, where a route does not say otherwise. */
const MAX_BODY_BYTES = 16 * 1024

export interface AppOptions {
  readonly platform: Platform
  readonly log?: FastifyBaseLogger
  /** Where rate limits are counted; in this process's memory when absent. */
  readonly limitStore?: Redis
  readonly metrics?: HttpMetrics
  /** Told of each token that was used. */
  readonly tokenSeen?: (tokenId: string) => void
}

/** Builds the application. */
export async function buildApp({ platform, log, limitStore, metrics, tokenSeen }: AppOptions): Promise<App> {
  const app: App = fastify({
    ...(log ? { loggerInstance: log } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 300 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false }, onCreate: addFormats },
    forceCloseConnections: 'idle',
    // What the router refuses before any hook runs: parts of a path that are too long or no UTF-8.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: refuseUnreadable,
  }).withTypeProvider<TypeBoxTypeProvider>()
  addInput(app)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler(request => {
    throw new ApiError(
      'API_ROUTE_UNKNOWN',
      `There is no ${request.method} ${request.url.split('?')[0]}. /v1/openapi.json lists all routes.`,
    )
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    metrics?.requestSeconds.observe(
      { route, method: request.method, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    )
  })
  addReceived(app, () => platform.nowMs())
  addAuthentication(app, platform, tokenSeen ?? (() => undefined))
  addAudit(app, platform)
  addForwarding(app, platform.writes, platform.settings.url)
  app.addSchema(ProblemDocument)
  await app.register(swagger, {
    openapi: OPENAPI,
    refResolver: { buildLocalReference: ({ $id }) => (typeof $id === 'string' ? $id : 'unnamed') },
  })
  addRateLimit(app, platform, openLimiter(limitStore))
  app.register(async scoped => {
    const routed = scoped.withTypeProvider<TypeBoxTypeProvider>()
    for (const add of [
      accountRoutes,
      tokenRoutes,
      filterRoutes,
      filterChangeRoutes,
      filterMoveRoutes,
      topicRoutes,
      credentialRoutes,
      hubTopicRoutes,
      loginRoutes,
      aclRoutes,
      auditRoutes,
      deadLetterRoutes,
      nodeRoutes,
      nodeChangeRoutes,
      machineReplacementRoute,
      nodeDrainRoutes,
      joinRoutes,
      systemRoutes,
      integrationRoutes,
      alertRoutes,
      alertPartRoutes,
      alertRangeRoutes,
      alertSearchRoutes,
      archiveJobRoutes,
    ]) {
      add(routed, platform)
    }
    documentRoutes(routed)
  })
  return app
}
