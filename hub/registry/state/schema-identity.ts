// Which texts are the same schema, and so get the same id. Pure.
import { createHash } from 'node:crypto'
import { canonical } from './canonical-schema.ts'

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
  const text = schemaType === 'AVRO' ? JSON.stringify(canonical(JSON.parse(schema))) : schema
  const more = [
    schemaType,
    references?.length ? JSON.stringify(references) : '',
    metadataText(metadata),
    ruleSet ? JSON.stringify(ruleSet) : '',
  ]
  return [text, ...more].join('\n')
}

/** A short form of an identity, to be kept when the schema is gone. */
export const hashOf = (identity: string): string =>
  createHash('sha256').update(identity).digest('base64url').slice(0, 22)
