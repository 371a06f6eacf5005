// Walks bytes by a schema without reading them: proof that they are exactly one alert before a decoder that trusts lengths sees them.
import { cursorOf } from '../cursor/cursor.ts'
import { BATCH_LIMITS, layoutOf, openMemory } from '../columns/batch-memory.ts'
import { type AvroSchema } from '../schema/node.ts'
import { Reader } from '../cursor/value-reader.ts'

const layout = layoutOf({ columns: [], lists: [] }, { ...BATCH_LIMITS, maxRows: 1, maxTextUnits: 0 })
const reader = new Reader()
reader.use(openMemory(layout))

/** The position behind the value at the start of `bytes`. Throws HubError HUB_AVRO_…. */
export const endOf = (schema: AvroSchema, bytes: Buffer): number => {
  const start = reader.begin(bytes, schema.name)
  try {
    return cursorOf(schema, layout)(reader, start, 0) - start
  } finally {
    reader.release()
  }
}

/** Throws HubError HUB_AVRO_… unless `bytes` are exactly one value of the schema. */
export const checkBytes = (schema: AvroSchema, bytes: Buffer): void => {
  const start = reader.begin(bytes, schema.name)
  try {
    const end = cursorOf(schema, layout)(reader, start, 0)
    if (end !== reader.end) reader.trailing(end)
  } finally {
    reader.release()
  }
}
