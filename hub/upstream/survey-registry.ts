// A survey's schema registry, which we may only read: GET and nothing else, with limits, as it is not ours.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'

const CALL_LIMIT_MS = 15_000
/** Above any schema that is taken, written as JSON in JSON. */
const MAX_ANSWER_BYTES = 4_000_000
const MAX_REFERENCES = 50
const NOT_FOUND = 404

const Reference = Type.Object({ subject: Type.String(), version: Type.Integer() })
const SchemaAnswer = Type.Object({
  schema: Type.String(),
  schemaType: Type.Optional(Type.String()),
  references: Type.Optional(Type.Array(Reference)),
})

export interface SurveyRegistry {
  /**
   * The text of a schema, with those it refers to written out in it; undefined where the registry says that it has none of that id.
   * Throws HubError HUB_REGISTRY_UNREACHABLE, HUB_REGISTRY_REFUSED for an answer that is none of a registry's, HUB_SCHEMA_INVALID.
   */
  find: (id: number) => Promise<string | undefined>
  /** Throws as `find` where no registry answers at the address. */
  check: () => Promise<void>
}

/** Its body, unless it is larger than any answer of a registry. */
const bodyOf = async (response: Response, where: string): Promise<string> => {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > MAX_ANSWER_BYTES)
      throw new HubError('HUB_REGISTRY_REFUSED', `${where} answers with more than ${MAX_ANSWER_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A client of the registry at a URL, whose path is kept before that of each question. */
export const openSurveyRegistry = (url: string, signal?: AbortSignal): SurveyRegistry => {
  const base = url.replace(/\/+$/, '')
  const where = `The survey's schema registry at ${base}`

  const get = async (path: string): Promise<unknown> => {
    const limit = AbortSignal.timeout(CALL_LIMIT_MS)
    const ending = signal === undefined ? limit : AbortSignal.any([limit, signal])
    let response: Response
    let text: string
    try {
      response = await fetch(base + path, { headers: { accept: 'application/json' }, signal: ending })
      text = await bodyOf(response, where)
    } catch (cause) {
      if (cause instanceof HubError) throw cause
      signal?.throwIfAborted()
      throw new HubError('HUB_REGISTRY_UNREACHABLE', `${where} does not answer (${whyOf(cause)})`, { cause })
    }
    const answer = jsonOf(text)
    // A page of a proxy may say 404 too; a registry says it in JSON.
    if (answer === undefined)
      throw new HubError(
        'HUB_REGISTRY_REFUSED',
        `${where} answers ${response.status} with ${kindOf(response)} instead of JSON: see whether the address is that of a registry`,
      )
    if (response.status === NOT_FOUND) return undefined
    if (!response.ok) throw new HubError('HUB_REGISTRY_REFUSED', `${where} refuses GET ${path} with ${response.status}`)
    return answer
  }

  const schemaAt = async (path: string) => {
    const answer = await get(path)
    if (answer === undefined) return undefined
    if (!Value.Check(SchemaAnswer, answer))
      throw new HubError('HUB_REGISTRY_REFUSED', `${where} answers GET ${path} without a schema`)
    if ((answer.schemaType ?? 'AVRO') !== 'AVRO')
      throw new HubError('HUB_SCHEMA_INVALID', `${where} has no Avro schema at ${path} but ${answer.schemaType}`)
    return answer
  }

  /** Texts of what a schema refers to, each after those it needs itself. */
  const referencesOf = async (
    references: readonly { subject: string; version: number }[],
    found: Map<string, string>,
    left: { count: number },
  ): Promise<void> => {
    for (const { subject, version } of references) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`
      if (found.has(path)) continue
      if (left.count-- <= 0)
        throw new HubError('HUB_SCHEMA_INVALID', `A schema of the survey refers to more than ${MAX_REFERENCES} others`)
      const schema = await schemaAt(path)
      if (schema === undefined)
        throw new HubError('HUB_SCHEMA_INVALID', `${where} lacks ${subject} ${version}, which a schema refers to`)
      await referencesOf(schema.references ?? [], found, left)
      found.set(path, schema.schema)
    }
  }

  return {
    find: async id => {
      const answer = await schemaAt(`/schemas/ids/${id}`)
      if (answer === undefined) return undefined
      const { schema, references = [] } = answer
      if (references.length === 0) return schema
      const texts = new Map<string, string>()
      await referencesOf(references, texts, { count: MAX_REFERENCES })
      return parseSchema(schema, [...texts.values()]).text
    },
    check: async () => {
      if (Array.isArray(await get('/subjects'))) return
      throw new HubError('HUB_REGISTRY_REFUSED', `${where} answers GET /subjects without a list of subjects`)
    },
  }
}

const kindOf = ({ headers }: Response): string => headers.get('content-type')?.split(';')[0] ?? 'something'

/** fetch wraps what happened. */
const whyOf = (error: unknown): string => {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return inner instanceof Error ? inner.message || inner.name : String(inner)
}
