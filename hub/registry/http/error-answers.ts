// Errors of a request as answers that Confluent's clients know: a body with a code and a message, in the registry's content type.
import { type FastifyInstance } from 'fastify'
import { isRefusal, REFUSALS } from '../state/registry-errors.ts'

const NOT_FOUND = 404
const NOT_ALLOWED = 405
const UNSUPPORTED = 415
const UNPROCESSABLE = 422
const TOO_LARGE = 413
const INTERNAL = 500

export interface ErrorAnswer {
  readonly status: number
  readonly body: { readonly error_code: number; readonly message: string }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'HTTP 400 Bad Request',
  404: 'HTTP 404 Not Found',
  405: 'HTTP 405 Method Not Allowed',
  414: 'HTTP 414 Request-URI Too Long',
  415: 'HTTP 415 Unsupported Media Type',
}

/** An answer that says no more than its status. */
export const plainErrorAnswer = (status: number): ErrorAnswer => ({
  status,
  body: { error_code: status, message: TITLES[status] ?? `HTTP ${status}` },
})

const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined

const errorAnswerOf = (error: unknown): ErrorAnswer => {
  const message = error instanceof Error ? error.message : String(error)
  const answer = (status: number, error_code = status): ErrorAnswer => ({ status, body: { error_code, message } })
  if (isRefusal(error)) return answer(error.status, error.errorCode)
  const status = property(error, 'statusCode') ?? INTERNAL
  if (error instanceof SyntaxError) return answer(UNPROCESSABLE, REFUSALS.INVALID_SCHEMA)
  if (status === TOO_LARGE) return answer(UNPROCESSABLE, REFUSALS.TOO_LARGE)
  // An id that is no number names nothing.
  if (property(error, 'validationContext') === 'params') return plainErrorAnswer(NOT_FOUND)
  if (property(error, 'validation') !== undefined) return answer(UNPROCESSABLE)
  if (status === UNSUPPORTED) return plainErrorAnswer(UNSUPPORTED)
  return typeof status === 'number' && status < INTERNAL ? answer(status) : answer(INTERNAL, REFUSALS.STORE)
}

/** Answers what no route answers: a path there is not, or a method a path has not. Call it before the routes are added. */
export const addErrorAnswers = (app: FastifyInstance): void => {
  const routes: { readonly path: RegExp; readonly method: string }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const path = new RegExp(`^${url.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/g, '[^/]+')}/?$`)
    routes.push(...[method].flat().map(name => ({ path, method: name })))
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = errorAnswerOf(error)
    if (status >= INTERNAL && !isRefusal(error)) request.log.error(error, 'the registry cannot answer')
    return reply.code(status).serializer(JSON.stringify).send(body)
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const methods = [...new Set(routes.filter(route => route.path.test(path)).map(route => route.method))]
    const { status, body } = plainErrorAnswer(methods.length > 0 ? NOT_ALLOWED : NOT_FOUND)
    if (methods.length > 0) reply.header('allow', methods.join(', '))
    return reply.code(status).send(body)
  })
}
