// Alert schemas by id, from the `_schemas` topic of any broker. On a node this needs neither the hub nor its registry.
import { type AvroSchema, parseSchema } from '../avro/schema.ts'
import { openControlLog } from '../control/control-log.ts'
import { type HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { readFact, SCHEMAS_TOPIC } from './records.ts'

export interface SchemaStoreOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly onProblem?: (problem: HubError) => void
  readonly signal?: AbortSignal
}

export interface SchemaStore {
  /**
   * The schema of an id, kept for ever. An id that is not known is looked up again at the end of the topic as it is now; undefined
   * where it is not there either. Throws HubError HUB_SCHEMA_INVALID for one that is no alert's, HUB_UNREACHABLE.
   */
  get: (id: number) => Promise<AvroSchema | undefined>
  /** Why the store is not up to date; undefined while it is. */
  problem: () => string | undefined
  close: () => Promise<void>
}

/** Opens a store and reads the topic to its end. */
export const openSchemaStore = async (options: SchemaStoreOptions): Promise<SchemaStore> => {
  const texts = new Map<number, string>()
  const schemas = new Map<number, AvroSchema>()
  const log = await openControlLog({
    ...options,
    topic: SCHEMAS_TOPIC,
    parse: (value, key) => readFact(key, value.toString()),
    onChange: ({ value: fact }) => {
      // The first text of an id stays: packets are written by it.
      if (fact?.kind === 'schema' && fact.value !== undefined && !texts.has(fact.value.id))
        texts.set(fact.value.id, fact.value.schema)
    },
  })
  return {
    get: async id => {
      const known = schemas.get(id)
      if (known !== undefined) return known
      if (!texts.has(id)) await log.catchUp()
      const text = texts.get(id)
      if (text === undefined) return undefined
      const schema = parseSchema(text)
      schemas.set(id, schema)
      return schema
    },
    problem: log.problem,
    close: log.close,
  }
}
