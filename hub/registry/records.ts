// The records of `_schemas`, in Confluent's form, so that its tools and ours can read each other's topics. Pure.
// The order of a key's properties is part of it: compaction compares keys as bytes.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

export const SCHEMAS_TOPIC = '_schemas'

const Subject = Type.Union([Type.String(), Type.Null()])

const Key = Type.Union([
  Type.Object({
    keytype: Type.Literal('SCHEMA'),
    subject: Type.String(),
    version: Type.Integer(),
    magic: Type.Integer(),
  }),
  Type.Object({ keytype: Type.Literal('CONFIG'), subject: Type.Optional(Subject), magic: Type.Integer() }),
  Type.Object({ keytype: Type.Literal('MODE'), subject: Type.Optional(Subject), magic: Type.Integer() }),
  Type.Object({ keytype: Type.Literal('DELETE_SUBJECT'), subject: Type.String(), magic: Type.Integer() }),
  Type.Object({ keytype: Type.Literal('CLEAR_SUBJECT'), subject: Type.String(), magic: Type.Integer() }),
  Type.Object({ keytype: Type.Literal('NOOP'), magic: Type.Integer() }),
])
export type RecordKey = Static<typeof Key>

const Metadata = Type.Record(Type.String(), Type.Unknown())

const SchemaValue = Type.Object({
  subject: Type.String(),
  version: Type.Integer(),
  id: Type.Integer(),
  schema: Type.String(),
  deleted: Type.Optional(Type.Boolean()),
  schemaType: Type.Optional(Type.String()),
  metadata: Type.Optional(Type.Union([Metadata, Type.Null()])),
})
/** A version of a subject. */
export type SchemaValue = Static<typeof SchemaValue>

const ConfigValue = Type.Object({ compatibilityLevel: Type.String() })
const ModeValue = Type.Object({ mode: Type.String() })
const DeleteSubjectValue = Type.Object({ subject: Type.String(), version: Type.Integer() })

/** What a record says; `value` is undefined where it deletes. Keys without meaning here (NOOP, CLEAR_SUBJECT) are `other`. */
export type RegistryFact =
  | {
      readonly kind: 'schema'
      readonly subject: string
      readonly version: number
      readonly value: SchemaValue | undefined
    }
  | { readonly kind: 'config'; readonly subject: string | undefined; readonly value: string | undefined }
  | { readonly kind: 'mode'; readonly subject: string | undefined; readonly value: string | undefined }
  | { readonly kind: 'delete-subject'; readonly subject: string; readonly upTo: number | undefined }
  | { readonly kind: 'other' }

/** Reads a record. Throws where it is none of Confluent's. */
export const readFact = (keyText: string, valueText: string | undefined): RegistryFact => {
  const key = Value.Parse(Key, JSON.parse(keyText))
  const value: unknown = valueText === undefined ? undefined : JSON.parse(valueText)
  switch (key.keytype) {
    case 'SCHEMA': {
      const { subject, version } = key
      return {
        kind: 'schema',
        subject,
        version,
        value: value === undefined ? undefined : Value.Parse(SchemaValue, value),
      }
    }
    case 'CONFIG': {
      const level = value === undefined ? undefined : Value.Parse(ConfigValue, value).compatibilityLevel
      return { kind: 'config', subject: key.subject ?? undefined, value: level }
    }
    case 'MODE': {
      const mode = value === undefined ? undefined : Value.Parse(ModeValue, value).mode
      return { kind: 'mode', subject: key.subject ?? undefined, value: mode }
    }
    case 'DELETE_SUBJECT': {
      const upTo = value === undefined ? undefined : Value.Parse(DeleteSubjectValue, value).version
      return { kind: 'delete-subject', subject: key.subject, upTo }
    }
    default:
      return { kind: 'other' }
  }
}

/** A record to write; null deletes. */
export interface RegistryRecord {
  readonly key: string
  readonly value: object | null
}

export const schemaRecord = (value: SchemaValue): RegistryRecord => ({
  key: schemaKey(value.subject, value.version),
  value: { ...value, deleted: value.deleted ?? false },
})

export const forgottenSchema = (subject: string, version: number): RegistryRecord => ({
  key: schemaKey(subject, version),
  value: null,
})

const schemaKey = (subject: string, version: number): string =>
  JSON.stringify({ keytype: 'SCHEMA', subject, version, magic: 1 })

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
