// What comes in, read without guessing: JSON bodies digit by digit, and the numbers and booleans of addresses by their schema.
// Nothing is turned into another type.
import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { ApiError } from '../../errors.ts'

const invalid = (message: string, pointer = ''): ApiError =>
  new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer, message }] })

const INTEGER = /^-?\d+$/

/** Refuses what JSON.parse would change in silence, and names that reach for a prototype. */
function exactly(name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'number') {
    const source = context?.source ?? String(value)
    if (!Number.isFinite(value) || (INTEGER.test(source) && !Number.isSafeInteger(value))) {
      const shown = source.slice(0, 40)
      throw invalid(
        `The number ${shown} (at “${name.slice(0, 40)}”) does not survive as a JSON number. Send it as text: "${shown}".`,
      )
    }
  }
  if (name === '__proto__' || (name === 'constructor' && typeof value === 'object' && value && 'prototype' in value))
    throw invalid(`A body has no property “${name}”.`)
  return value
}

/** A body of JSON. Throws ApiError API_REQUEST_INVALID. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text, exactly)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw invalid('The body is no JSON. Send an object such as {"name": "value"}, or no body and no content type.')
  }
}

type Values = Record<string, unknown>
interface Property {
  readonly type?: unknown
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: text => (INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text),
  number: text => (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text)) ? Number(text) : text),
  boolean: text => (text === 'true' ? true : text === 'false' ? false : text),
}

/** Addresses are text. What a schema wants as a number or boolean is read; what is none stays text, which validation then refuses. */
function readByType(values: unknown, schema: unknown): void {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, Property> }
  if (typeof values !== 'object' || values === null) return
  for (const [name, { type }] of Object.entries(properties)) {
    const value = (values as Values)[name]
    const read = typeof type === 'string' ? READERS[type] : undefined
    if (read && typeof value === 'string') (values as Values)[name] = read(value)
  }
}

const readAddress = async ({ params, query, routeOptions: { schema } }: FastifyRequest): Promise<void> => {
  readByType(params, schema?.params)
  readByType(query, schema?.querystring)
}

/** JSON is the only form of a body: one of text would reach validation as a string. */
export function addInput(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    parseBody(body),
  )
  app.addHook('preValidation', readAddress)
}
