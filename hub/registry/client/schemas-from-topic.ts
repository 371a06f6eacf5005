// Alert schemas by id, for workers, archive and API. In: the topic `_schemas` of any broker. Out: parsed schemas, with those they refer to. On a node
// this needs neither the hub nor its registry, as the topic is mirrored.
import { type AvroSchema, parseSchema } from '../../avro/schema/parse-schema.ts'
import { openControlLog } from '../../control-topics/control-log.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { referencedBy } from '../rules/resolve-references.ts'
import { parseRecord, type ParsedRecord, SCHEMAS_TOPIC, type SchemaValue } from '../state/schemas-topic-records.ts'

export interface SchemaStoreOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly topic?: string
  /** Records that cannot be read, schemas that are no alert's, outages; once each. */
  readonly onProblem?: (problem: HubError) => void
  readonly signal?: AbortSignal
}

export interface SchemaStore {
  /**
   * The schema of an id, the same object each time. An id that is not known is looked up again at the end of the topic as it is now;
   * undefined where it is not there either, or is no alert's schema. Throws HubError where the broker does not answer.
   */
  get: (id: number) => Promise<AvroSchema | undefined>
  /** All schemas of alerts, by id, newest first: survey ids grow with the version. */
  all: () => readonly (readonly [id: number, schema: AvroSchema])[]
  /** Calls `listener` with the id of every later registration; answers how to stop that. */
  onChange: (listener: (id: number) => void) => () => void
  /** Why the store is not up to date; undefined while it is. */
  problem: () => string | undefined
  close: () => Promise<void>
}

/** The version that stands for the newest one. */
const LATEST = -1

/** Opens a store and reads the topic to its end. A schema that was deleted later stays: packets of it may still be on their way. */
export const openSchemaStore = async (options: SchemaStoreOptions): Promise<SchemaStore> => {
  const { access, clientId, topic = SCHEMAS_TOPIC, onProblem = () => undefined, signal } = options
  const values = new Map<number, SchemaValue>()
  /** By subject and version, for schemas that refer to others. */
  const versions = new Map<string, SchemaValue>()
  const newest = new Map<string, SchemaValue>()
  const schemas = new Map<number, AvroSchema | undefined>()
  const told = new Set<string>()
  const listeners = new Set<(id: number) => void>()

  const learn = (record: ParsedRecord | undefined): void => {
    if (record?.kind !== 'schema' || (record.value.schemaType ?? 'AVRO') !== 'AVRO') return
    const { value } = record
    const { id, subject, version, schema } = value
    versions.set(JSON.stringify([subject, version]), value)
    if (version >= (newest.get(subject)?.version ?? 0)) newest.set(subject, value)
    // The same text under another subject changes nothing; another text is what an operator has put in place of a wrong one.
    if (values.get(id)?.schema !== schema) schemas.delete(id)
    values.set(id, value)
    // What one that could not be used refers to may have come now.
    for (const [other, parsed] of schemas) if (parsed === undefined) schemas.delete(other)
    for (const listener of listeners) listener(id)
  }
  const find = (subject: string, version: number): SchemaValue | undefined =>
    version === LATEST ? newest.get(subject) : versions.get(JSON.stringify([subject, version]))

  const parsed = (id: number): AvroSchema | undefined => {
    const value = values.get(id)
    if (value === undefined || schemas.has(id)) return schemas.get(id)
    try {
      schemas.set(id, parseSchema(value.schema, referencedBy(find, value)))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `Schema ${id} of ${topic} cannot be used for alerts: ${why}`
      if (!told.has(message)) onProblem(new HubError('HUB_SCHEMA_INVALID', message, { cause }))
      told.add(message)
      schemas.set(id, undefined)
    }
    return schemas.get(id)
  }

  const log = await openControlLog({
    access,
    clientId,
    topic,
    parse: (value, key) => parseRecord(key, value.toString()),
    onChange: ({ value }) => learn(value),
    onProblem,
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    get: async id => {
      if (!values.has(id)) await log.catchUp()
      return parsed(id)
    },
    all: () =>
      [...values.keys()]
        .toSorted((a, b) => b - a)
        .flatMap(id => {
          const schema = parsed(id)
          return schema === undefined ? [] : [[id, schema] as const]
        }),
    onChange: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    problem: log.problem,
    close: log.close,
  }
}
