// Schemas as parsed trees, together with the schemas they refer to by subject and version. Pure, but that a registered schema is parsed once.
import { type AvroNode } from '../../avro/schema/node.ts'
import { parseNode } from '../../avro/schema/parse-node.ts'
import { jsonOf } from '../../avro/schema/schema-json.ts'
import { type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { type RegistryState } from '../state/registry-state.ts'

type Described = Pick<SchemaValue, 'schema' | 'schemaType' | 'references'>

const LATEST = -1
const MAX_TEXTS = 100

/** A version of a subject, the newest one for -1; undefined where there is none. */
export type FindVersion = (subject: string, version: number) => Described | undefined

/** The texts a schema refers to, each once and after those it needs itself. Throws where one is not registered. */
export const referencedBy = (find: FindVersion, described: Described): string[] => {
  const texts = new Set<string>()
  const seen = new Set<Described>()
  const collect = ({ references }: Described): void => {
    for (const { subject, version } of references ?? []) {
      const found = find(subject, version)
      if (found === undefined)
        throw refuse('INVALID_SCHEMA', `No schema reference found for subject "${subject}" and version ${version}`)
      if (seen.has(found)) continue
      seen.add(found)
      if (seen.size > MAX_TEXTS) throw refuse('INVALID_SCHEMA', `The schema refers to more than ${MAX_TEXTS} others`)
      collect(found)
      texts.add(found.schema)
    }
  }
  collect(described)
  return [...texts]
}

const inState =
  (state: RegistryState): FindVersion =>
  (subject, version) => {
    const versions = state.versions(subject, true)
    return version === LATEST ? versions.at(-1) : versions.find(value => value.version === version)
  }

const parsed = new WeakMap<SchemaValue, AvroNode>()

/** The type of a text that somebody sent. Refuses what is no Avro schema. */
export const submittedType = (state: RegistryState, sent: Described, isNew = true): AvroNode => {
  if ((sent.schemaType ?? 'AVRO') !== 'AVRO')
    throw refuse('INVALID_SCHEMA', `Invalid schema type ${sent.schemaType}; this registry keeps AVRO`)
  const references = referencedBy(inState(state), sent)
  try {
    return parseNode(sent.schema, references, isNew)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refuse('INVALID_SCHEMA', `Invalid schema: ${why}`)
  }
}

/** The type of a registered version; undefined for one of another tool's that is not Avro. */
export const registeredType = (state: RegistryState, value: SchemaValue): AvroNode | undefined => {
  const known = parsed.get(value)
  if (known !== undefined || (value.schemaType ?? 'AVRO') !== 'AVRO') return known
  const type = submittedType(state, value, false)
  parsed.set(value, type)
  return type
}

/** A version's schema with what it refers to written out in it. */
export const resolvedText = (state: RegistryState, value: SchemaValue): string => {
  const type = registeredType(state, value)
  return type === undefined ? value.schema : JSON.stringify(jsonOf(type))
}
