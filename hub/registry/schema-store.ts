// Alert schemas by id, from the `_schemas` topic of any broker. On a node this needs neither the hub nor its registry.
import { type AvroSchema, parseSchema } from '../avro/schema.ts'
import { openControlLog } from '../control/control-log.ts'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { readFact, type RegistryFact, SCHEMAS_TOPIC } from './records.ts'

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

/** Opens a store and reads the topic to its end. A schema that was deleted later stays: packets of it may still be on their way. */
export const openSchemaStore = async (options: SchemaStoreOptions): Promise<SchemaStore> => {
  const { access, clientId, topic = SCHEMAS_TOPIC, onProblem = () => undefined, signal } = options
  const texts = new Map<number, string>()
  const schemas = new Map<number, AvroSchema | undefined>()
  const listeners = new Set<(id: number) => void>()

  const learn = (fact: RegistryFact | undefined): void => {
    if (fact?.kind !== 'schema' || (fact.value.schemaType ?? 'AVRO') !== 'AVRO') return
    const { id, schema } = fact.value
    // The same text under another subject changes nothing; another text is what an operator has put in place of a wrong one.
    if (texts.get(id) !== schema) schemas.delete(id)
    texts.set(id, schema)
    for (const listener of listeners) listener(id)
  }
  const parsed = (id: number): AvroSchema | undefined => {
    const text = texts.get(id)
    if (text === undefined || schemas.has(id)) return schemas.get(id)
    try {
      schemas.set(id, parseSchema(text))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      onProblem(
        new HubError('HUB_SCHEMA_INVALID', `Schema ${id} of ${topic} cannot be used for alerts: ${why}`, { cause }),
      )
      schemas.set(id, undefined)
    }
    return schemas.get(id)
  }

  const log = await openControlLog({
    access,
    clientId,
    topic,
    parse: (value, key) => readFact(key, value.toString()),
    onChange: ({ value }) => learn(value),
    onProblem,
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    get: async id => {
      if (!texts.has(id)) await log.catchUp()
      return parsed(id)
    },
    all: () =>
      [...texts.keys()]
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
