// The schemas of the registry as the author's desk needs them: all of them, parsed once, newest first.
import { type AvroSchema, type BrokerAccess, openControlLog, parseSchema } from '#hub'
import { type FastifyBaseLogger } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const SCHEMAS_TOPIC = '_schemas'
/** A record of a schema; those of modes and compatibility lack both fields. */
const SchemaRecord = Type.Object({ id: Type.Integer(), schema: Type.String() })

export interface SchemaShelf {
  /** Newest first, by id: survey ids grow with the version. */
  readonly all: () => readonly AvroSchema[]
  close(): Promise<void>
}

export async function openSchemaShelf(hub: BrokerAccess, log: FastifyBaseLogger): Promise<SchemaShelf> {
  const parsed = new Map<number, AvroSchema | undefined>()
  const parse = ({ id, schema }: { id: number; schema: string }): AvroSchema | undefined => {
    try {
      return parseSchema(schema)
    } catch (error) {
      log.warn({ schemaId: id, err: error }, 'a schema of the registry cannot be used for checking filters')
      return undefined
    }
  }
  const records = await openControlLog({
    access: hub,
    topic: SCHEMAS_TOPIC,
    clientId: `${hub.user}-schemas`,
    parse: bytes => {
      const value: unknown = JSON.parse(bytes.toString())
      return Value.Check(SchemaRecord, value) ? value : undefined
    },
    onProblem: problem => log.warn({ topic: SCHEMAS_TOPIC, err: problem }, 'control topic'),
  })
  return {
    all() {
      const found = [...records.entries()].flatMap(([, record]) => record ?? [])
      for (const record of found) if (!parsed.has(record.id)) parsed.set(record.id, parse(record))
      return [...parsed].toSorted(([a], [b]) => b - a).flatMap(([, schema]) => schema ?? [])
    },
    close: () => records.close(),
  }
}
