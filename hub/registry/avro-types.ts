// Schemas as avsc types, with the schemas they refer to: found on the shelf, parsed once. Pure but for its memory.
import { type Type } from 'avsc'
import { type SchemaValue } from './records.ts'
import { refuse } from './refusal.ts'
import { avroTypeOf, isTooDeep } from './schema-text.ts'
import { type Shelf } from './shelf.ts'

type Described = Pick<SchemaValue, 'schema' | 'schemaType' | 'references'>

const LATEST = -1
/** Chains of references longer than this are taken for circles. */
const MAX_DEPTH = 16

/** The texts a schema refers to, each once and after those it needs itself. Refuses references to what is not registered. */
const referencedBy = (shelf: Shelf, { references }: Described, depth = 0): string[] => {
  if (depth > MAX_DEPTH) throw refuse('INVALID_SCHEMA', 'The references of the schema are nested too deep')
  const texts = (references ?? []).flatMap(({ subject, version }) => {
    const versions = shelf.versions(subject, true)
    const found = version === LATEST ? versions.at(-1) : versions.find(value => value.version === version)
    if (found === undefined)
      throw refuse('INVALID_SCHEMA', `No schema reference found for subject "${subject}" and version ${version}`)
    return [...referencedBy(shelf, found, depth + 1), found.schema]
  })
  return [...new Set(texts)]
}

const parsed = new WeakMap<SchemaValue, Type>()

/** The type of a text that somebody sent. Refuses what is no Avro schema. */
export const sentType = (shelf: Shelf, sent: Described): Type => {
  if ((sent.schemaType ?? 'AVRO') !== 'AVRO')
    throw refuse('INVALID_SCHEMA', `Invalid schema type ${sent.schemaType}; this registry keeps AVRO`)
  if (isTooDeep(sent.schema)) throw refuse('INVALID_SCHEMA', 'Invalid schema: it is nested too deep')
  const references = referencedBy(shelf, sent)
  try {
    return avroTypeOf(sent.schema, references)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refuse('INVALID_SCHEMA', `Invalid schema: ${why}`)
  }
}

/** The type of a registered version; undefined for one of another tool's that is not Avro. */
export const registeredType = (shelf: Shelf, value: SchemaValue): Type | undefined => {
  const known = parsed.get(value)
  if (known !== undefined || (value.schemaType ?? 'AVRO') !== 'AVRO') return known
  const type = sentType(shelf, value)
  parsed.set(value, type)
  return type
}
