// Writes down every act: before it begins, so that nothing changes unseen, and when it has ended. Refused logins and rights as well.
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { openAllowance } from '../../audit/refusal-allowance.ts'
import { type AuditRecord } from '../../audit/audit-record.ts'
import { ApiError, type ApiErrorCode } from '../../errors.ts'
import { type Platform } from '../../platform.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Of a route without a bearer token: what is acted on, by what the body proves. Where that is undefined nobody known asks, and only the refusal is
     * written down, of which there are few.
     */
    target?: (request: FastifyRequest) => Readonly<Record<string, string>> | undefined
  }
  interface FastifyRequest {
    /** Why the request was refused or failed. */
    problemCode: ApiErrorCode | null
    /** Whether the beginning of the act is written down. */
    isAudited: boolean
  }
}

const REFUSALS_PER_SECOND = 20
const MAX_TARGET_CHARS = 300

/** Adds the hooks; they stand before those that do or pass on the work. */
export function addAudit(app: FastifyInstance, platform: Platform): void {
  const refusals = openAllowance(REFUSALS_PER_SECOND)
  app.decorateRequest('problemCode', null)
  app.decorateRequest('isAudited', false)
  app.addHook('preHandler', async request => {
    if (!isAct(request) || isByNobody(request)) return
    await platform.audit.write(recordOf(request, platform.nowMs(), { phase: 'begun' })).catch((cause: unknown) => {
      const message =
        'What is done here is written down first, and that does not work at the moment. Try again in a few seconds.'
      throw new ApiError('API_AUDIT_DOWN', message, { cause })
    })
    request.isAudited = true
  })
  app.addHook('onResponse', async (request, reply) => {
    const status = reply.statusCode
    const code = request.problemCode
    let omitted = 0
    if (!request.isAudited) {
      if (status !== 401 && status !== 403 && !(isAct(request) && status >= 400)) return
      const passed = refusals.take(platform.nowMs())
      if (passed === undefined) return
      omitted = passed
    }
    const made = reply.getHeader('location')
    const record = recordOf(request, platform.nowMs(), {
      phase: 'ended',
      outcome: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
      status,
      ...(code === null ? {} : { code }),
      ...(typeof made === 'string' ? { made } : {}),
      ...(omitted > 0 ? { omitted } : {}),
    })
    await platform.audit.write(record).catch((error: unknown) => {
      request.log.warn({ err: error, action: record.action, status }, 'the end of an act was not written down')
    })
  })
}

const isAct = ({ method, is404, routeOptions }: FastifyRequest): boolean =>
  !is404 && method !== 'GET' && method !== 'HEAD' && routeOptions.config.readOnly !== true

const isByNobody = (request: FastifyRequest): boolean => {
  const { target } = request.routeOptions.config
  return target !== undefined && target(request) === undefined
}

function recordOf(
  request: FastifyRequest,
  nowMs: number,
  rest: Pick<AuditRecord, 'phase'> & Partial<AuditRecord>,
): AuditRecord {
  const { caller, ip, id, method, routeOptions } = request
  const known = caller !== null && 'account' in caller ? caller : undefined
  const shown = routeOptions.config.target?.(request) ?? request.params
  const target = Object.entries(typeof shown === 'object' ? (shown ?? {}) : {})
  return {
    time: new Date(nowMs).toISOString(),
    request: id,
    account: known?.account ?? null,
    token: known?.tokenId ?? null,
    from: ip,
    action: `${method} ${routeOptions.url ?? 'unknown'}`,
    target: Object.fromEntries(target.map(([name, value]) => [name, String(value).slice(0, MAX_TARGET_CHARS)])),
    ...rest,
  }
}
