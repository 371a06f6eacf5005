// Every failure leaves as application/problem+json (RFC 9457) with a code, details with pointers, and the request's id.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { API_ERRORS, ApiError, type ApiErrorCode, type ApiProblem } from '../../errors.ts'

/** An answer to a mistake is never long, whatever was sent. */
const MAX_PROBLEMS = 100
const MAX_DETAIL_CHARS = 2000
const MAX_MESSAGE_CHARS = 1000
const Code = Type.String({ maxLength: 100 })
const Place = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const ProblemDocument = Type.Object(
  {
    type: Code,
    title: Type.String({ maxLength: 200 }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ maxLength: MAX_DETAIL_CHARS }),
    code: Code,
    requestId: Type.String({ maxLength: 36 }),
    errors: Type.Array(
      Type.Object({
        pointer: Type.Optional(Type.String({ maxLength: MAX_MESSAGE_CHARS })),
        code: Type.Optional(Code),
        message: Type.String({ maxLength: MAX_MESSAGE_CHARS }),
        line: Type.Optional(Place),
        column: Type.Optional(Place),
      }),
      { maxItems: MAX_PROBLEMS },
    ),
  },
  { $id: 'Problem' },
)
export type ProblemDocument = Static<typeof ProblemDocument>

/** Seconds after which a refused request may work. */
const RETRY_AFTER_S: Partial<Record<ApiErrorCode, number>> = {
  API_ARCHIVE_DOWN: 5,
  API_QUEUE_DOWN: 5,
  API_LEADER_MISSING: 2,
  API_ENGINE_AWAY: 10,
  API_AUDIT_DOWN: 5,
  API_MIRROR_DOWN: 5,
  API_STARTING: 2,
}

const FASTIFY_CODES: Record<string, ApiErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'API_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'API_BODY_TOO_LARGE',
  FST_ERR_NOT_FOUND: 'API_ROUTE_UNKNOWN',
}

/** The ApiError an arbitrary failure amounts to; whatever is not the caller's is API_INTERNAL, and its text stays inside. */
function asApiError(error: FastifyError): ApiError {
  if (error instanceof ApiError) return error
  if (error.validation) {
    const problems = error.validation.map(({ instancePath, message, params, keyword }): ApiProblem => {
      const missing = typeof params['missingProperty'] === 'string' ? `/${params['missingProperty']}` : ''
      const extra = typeof params['additionalProperty'] === 'string' ? `/${params['additionalProperty']}` : ''
      const unlike = keyword === 'type' && params['type'] === 'string' ? ': send it as text, in quotes' : ''
      return { pointer: `${instancePath}${missing}${extra}`, message: `${message ?? 'is not valid'}${unlike}` }
    })
    const where = error.validationContext ?? 'request'
    const first = problems[0]
    const detail = first ? `${first.pointer || 'It'} ${first.message}.` : ''
    return new ApiError('API_REQUEST_INVALID', `The ${where} is not valid: ${detail}`, { problems })
  }
  const known = FASTIFY_CODES[error.code]
  if (known) return new ApiError(known, error.message, { cause: error })
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return new ApiError('API_REQUEST_INVALID', error.message, { cause: error })
  return new ApiError('API_INTERNAL', 'Something failed on our side; it is logged under this request id.', {
    cause: error,
  })
}

const clipped = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text)

/** What the caller reads of a failure. */
export function problemOf({ code, message, problems }: ApiError, requestId: string): ProblemDocument {
  const { status, title } = API_ERRORS[code]
  return {
    type: `urn:skysieve:problem:${code}`,
    title,
    status,
    detail: clipped(message, MAX_DETAIL_CHARS),
    code,
    requestId,
    errors: problems.slice(0, MAX_PROBLEMS).map(problem => ({
      ...problem,
      ...(problem.pointer === undefined ? {} : { pointer: clipped(problem.pointer, MAX_MESSAGE_CHARS) }),
      message: clipped(problem.message, MAX_MESSAGE_CHARS),
    })),
  }
}

/** Sends the error; those that are ours are logged with their cause. */
export function sendProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = asApiError(error)
  const { code, cause } = failure
  const { status, owner } = API_ERRORS[code]
  request.problemCode = code
  if (owner === 'us') request.log.warn({ code, err: cause ?? error }, 'request failed')
  const retryAfterS = RETRY_AFTER_S[code]
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).type('application/problem+json').send(problemOf(failure, request.id))
}
