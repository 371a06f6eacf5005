// Schemas as the node has them: the mirrored registry topic in Confluent's record format, by id.
import { type AvroSchema, type ControlLog, type HubError, openControlLog, parseSchema } from '#hub'
import { type BrokerAccess } from '#hub'
import { type SchemaSource } from './schema-book.ts'

const SCHEMAS_TOPIC = '_schemas'

/** A record of the registry's topic, as far as it matters here: other keys (configuration, modes, no-ops) have no id. */
interface Registered {
  readonly id?: number
  readonly schema?: string
}

export interface NodeSchemas extends SchemaSource {
  /** Why the topic is not followed; undefined while it is. */
  problem(): string | undefined
  close(): Promise<void>
}

/** Replays `_schemas` and follows it. A schema that was deleted in the registry stays readable: packets of it may still be on their way. */
export async function openNodeSchemas(
  access: BrokerAccess,
  clientId: string,
  onProblem: (problem: HubError) => void,
): Promise<NodeSchemas> {
  const texts = new Map<number, string>()
  const parsed = new Map<number, AvroSchema>()
  const learn = ({ id, schema }: Registered = {}): void => {
    if (typeof id === 'number' && typeof schema === 'string') texts.set(id, schema)
  }
  const log: ControlLog<Registered> = await openControlLog<Registered>({
    access,
    topic: SCHEMAS_TOPIC,
    clientId,
    parse: value => JSON.parse(value.toString()) as Registered,
    onProblem,
  })
  for (const [, record] of log.entries()) learn(record)
  log.onChange(({ value }) => learn(value))
  return {
    get: async id => {
      if (!texts.has(id) && log.problem() === undefined) await log.catchUp().catch(() => undefined)
      const text = texts.get(id)
      const known = parsed.get(id)
      if (text === undefined || known !== undefined) return known
      const schema = parseSchema(text)
      parsed.set(id, schema)
      return schema
    },
    problem: () => log.problem(),
    close: () => log.close(),
  }
}
