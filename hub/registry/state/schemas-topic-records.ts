// The records of the topic `_schemas`, in Confluent's format, so that its tools and ours can read each other's topics. Pure.
// The order of a key's properties is part of it: compaction compares keys as bytes.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { identityOf } from './schema-identity.ts'

export const SCHEMAS_TOPIC = '_schemas'

const Magic = { magic: Type.Integer() }
const OptionalSubject = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const Key = Type.Union([
  Type.Object({ keytype: Type.Literal('SCHEMA'), subject: Type.String(), version: Type.Integer(), ...Magic }),
  Type.Object({ keytype: Type.Literal('CONFIG'), subject: OptionalSubject, ...Magic }),
  Type.Object({ keytype: Type.Literal('MODE'), subject: OptionalSubject, ...Magic }),
  Type.Object({ keytype: Type.Literal('DELETE_SUBJECT'), subject: Type.String(), ...Magic }),
  Type.Object({ keytype: Type.Literal('CLEAR_SUBJECT'), subject: Type.String(), ...Magic }),
  Type.Object({ keytype: Type.Literal('NOOP'), ...Magic }),
])

const Nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))
const Properties = Type.Record(Type.String(), Type.Unknown())
export const Reference = Type.Object({ name: Type.String(), subject: Type.String(), version: Type.Integer() })
export const Metadata = Type.Object({ properties: Nullable(Properties) })

const SchemaValue = Type.Object({
  subject: Type.String(),
  version: Type.Integer(),
  id: Type.Integer(),
  schemaType: Type.Optional(Type.String()),
  references: Nullable(Type.Array(Reference)),
  metadata: Nullable(Metadata),
  ruleSet: Nullable(Properties),
  schema: Type.String(),
  deleted: Type.Optional(Type.Boolean()),
})
/** A version of a subject. */
export type SchemaValue = Static<typeof SchemaValue>

const ConfigValue = Type.Object({ compatibilityLevel: Type.String() })
const ModeValue = Type.Object({ mode: Type.String() })
const DeleteSubjectValue = Type.Object({ version: Type.Integer() })
/** Confluent's readers skip no-ops unseen; ours keep in them what no other record would say. */
const NoopValue = Type.Object({
  lastId: Type.Integer(),
  /** Ids of schemas that were deleted for good, by what they were. */
  gone: Type.Optional(Type.Array(Type.Tuple([Type.String(), Type.Integer()]))),
})

/** A schema that was deleted for good, as a hash of its identity, and the id it had. */
export type GoneId = readonly [hash: string, id: number]

/** What a record says. */
export type ParsedRecord =
  | { readonly kind: 'schema'; readonly value: SchemaValue; readonly identity: string }
  | { readonly kind: 'config'; readonly subject: string | undefined; readonly level: string }
  | { readonly kind: 'mode'; readonly subject: string | undefined; readonly mode: string }
  | { readonly kind: 'delete-subject'; readonly subject: string; readonly upTo: number }
  | { readonly kind: 'clear-subject'; readonly subject: string }
  | { readonly kind: 'ids'; readonly lastId: number; readonly gone: readonly GoneId[] }
  | { readonly kind: 'nothing' }

/** Reads a record. Throws where it is none of Confluent's. */
export const parseRecord = (keyText: string, valueText: string): ParsedRecord => {
  const key = Value.Parse(Key, JSON.parse(keyText))
  const value: unknown = JSON.parse(valueText)
  switch (key.keytype) {
    case 'SCHEMA': {
      const parsed = Value.Parse(SchemaValue, value)
      return { kind: 'schema', value: parsed, identity: identityOf(parsed) }
    }
    case 'CONFIG':
      return {
        kind: 'config',
        subject: key.subject ?? undefined,
        level: Value.Parse(ConfigValue, value).compatibilityLevel,
      }
    case 'MODE':
      return { kind: 'mode', subject: key.subject ?? undefined, mode: Value.Parse(ModeValue, value).mode }
    case 'DELETE_SUBJECT':
      return { kind: 'delete-subject', subject: key.subject, upTo: Value.Parse(DeleteSubjectValue, value).version }
    case 'CLEAR_SUBJECT':
      return { kind: 'clear-subject', subject: key.subject }
    default:
      return Value.Check(NoopValue, value)
        ? { kind: 'ids', lastId: value.lastId, gone: value.gone ?? [] }
        : { kind: 'nothing' }
  }
}

/** A record to write; null deletes. */
export interface RegistryRecord {
  readonly key: string
  readonly value: object | null
}

const schemaKey = (subject: string, version: number): string =>
  JSON.stringify({ keytype: 'SCHEMA', subject, version, magic: 1 })

export const schemaRecord = (value: SchemaValue): RegistryRecord => ({
  key: schemaKey(value.subject, value.version),
  value: { ...value, deleted: value.deleted ?? false },
})

export const schemaTombstone = (subject: string, version: number): RegistryRecord => ({
  key: schemaKey(subject, version),
  value: null,
})

const settingKey = (keytype: 'CONFIG' | 'MODE', subject: string | undefined): string =>
  JSON.stringify({ keytype, subject: subject ?? null, magic: 0 })

export const configRecord = (subject: string | undefined, level: string | null): RegistryRecord => ({
  key: settingKey('CONFIG', subject),
  value: level === null ? null : { subject: subject ?? null, compatibilityLevel: level },
})

export const modeRecord = (subject: string | undefined, mode: string | null): RegistryRecord => ({
  key: settingKey('MODE', subject),
  value: mode === null ? null : { subject: subject ?? null, mode },
})

/** The highest id that was ever given automatically, so that none is given twice; and the ids that deleted schemas get back. */
export const idsRecord = (lastId: number, gone: readonly GoneId[]): RegistryRecord => ({
  key: JSON.stringify({ keytype: 'NOOP', magic: 0 }),
  value: { lastId, gone },
})
