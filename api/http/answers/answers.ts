// The answers of a route as its schema lists them: its own, each string and list with a bound, and a problem document for every failure.
// What goes out of the API is in the view files here: secrets and hashes have no place in any of them; ids are strings, times ISO 8601 in UTC.
import { Type } from 'typebox'

const PROBLEM = { 'application/problem+json': { schema: Type.Ref('Problem#') } }

/** Longer than any text and any list of an answer: sources have 262,144 characters, a visit 40,000 alerts. */
const MAX_ANSWER_CHARS = 1_048_576
const MAX_ANSWER_ITEMS = 100_000

const boundsOf = ({ type, format }: Record<string, unknown>): object => {
  if (type === 'string') return format === 'binary' ? {} : { maxLength: MAX_ANSWER_CHARS }
  if (type === 'array') return { maxItems: MAX_ANSWER_ITEMS }
  if (type === 'integer') return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
  return {}
}

/** A schema in which everything has a bound, where it says none itself, so that whoever reads the answers can be written for the longest. */
function bounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bounded)
  if (typeof schema !== 'object' || schema === null) return schema
  const own = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, bounded(value)]))
  return { ...boundsOf(own), ...own }
}

/** `ok` with what every route may answer instead. */
export const answers = <S extends Record<number, unknown>>(ok: S) => ({
  ...(bounded(ok) as S),
  '4xx': { description: 'What is wrong with the request.', content: PROBLEM },
  '5xx': { description: 'What is wrong with us.', content: PROBLEM },
})
