// A schema's text as the registry sees it: is it Avro, and which texts are one schema. Pure.
import avsc, { type Type } from 'avsc'
import { bigintLong } from '../avro/schema.ts'
import { canonical } from './canonical.ts'

/** Surveys' schemas have some twenty; every walk over a schema goes this deep into the stack. */
const MAX_NESTING = 200

/** Whether brackets of a text are in each other deeper than any schema's. Those inside texts do not count. */
export const isTooDeep = (text: string): boolean => {
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at]
    if (mark === '"') isQuoted = !isQuoted
    else if (isQuoted) at += mark === '\\' ? 1 : 0
    else if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') depth -= 1
    if (depth > MAX_NESTING) return true
  }
  return false
}

/** Everything a schema is registered with, as far as it makes it another one. */
export interface SchemaParts {
  readonly schema: string
  readonly schemaType?: string | undefined
  readonly references?: readonly unknown[] | null | undefined
  readonly metadata?: { readonly properties?: Record<string, unknown> | null } | null | undefined
  readonly ruleSet?: object | null | undefined
}

/** Says which version of a subject a schema is to be, and nothing of the schema. */
const VERSION_PROPERTY = 'confluent:version'

const metadataText = (metadata: SchemaParts['metadata']): string => {
  const { [VERSION_PROPERTY]: _version, ...properties } = metadata?.properties ?? {}
  const rest = { ...metadata, properties }
  return Object.keys(properties).length === 0 && Object.keys(rest).length === 1 ? '' : JSON.stringify(rest)
}

/** Equal for registrations of one schema. Documentation and defaults count: readers use them. */
export const identityOf = ({ schema, schemaType = 'AVRO', references, metadata, ruleSet }: SchemaParts): string => {
  const text = schemaType === 'AVRO' ? JSON.stringify(canonical(JSON.parse(schema), () => true)) : schema
  const more = [
    schemaType,
    references?.length ? JSON.stringify(references) : '',
    metadataText(metadata),
    ruleSet ? JSON.stringify(ruleSet) : '',
  ]
  return [text, ...more].join('\n')
}

/** What decides whether bytes of one schema can be read by another. */
const STRUCTURE = new Set([
  'type',
  'name',
  'aliases',
  'fields',
  'items',
  'values',
  'symbols',
  'size',
  'default',
  'namespace',
])

/**
 * Avro 1.12 lets the default of a union be of any of its branches, and ZTF's schemas have `["float", "null"]` with null; avsc wants the first one.
 * The order of branches says nothing about whether one version reads another.
 */
const withNullFirst = (_key: string, field: unknown): unknown => {
  if (typeof field !== 'object' || field === null || !('type' in field) || !('default' in field)) return field
  const { type } = field
  if (field.default !== null || !Array.isArray(type) || !type.includes('null')) return field
  return { ...field, type: ['null', ...type.filter(branch => branch !== 'null')] }
}

/**
 * Parses a text; `references` are the texts of other schemas whose names it uses, each after those it needs itself.
 * Throws avsc's own errors, which say what is wrong.
 */
export const avroTypeOf = (schema: string, references: readonly string[] = []): Type => {
  // A registry of names of its own: avsc writes into it.
  const registry = { long: bigintLong() }
  const parse = (text: string): Type => {
    const structure = canonical(JSON.parse(text, withNullFirst), property => STRUCTURE.has(property))
    // Whether it is one is what avsc is asked.
    return avsc.Type.forSchema(structure as avsc.Schema, { registry, noAnonymousTypes: true })
  }
  for (const reference of references) parse(reference)
  return parse(schema)
}
