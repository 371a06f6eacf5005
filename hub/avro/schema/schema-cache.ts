// Schemas by id, each looked up and parsed once.
import { type AvroSchema } from './node.ts'
import { parseSchema } from './parse-schema.ts'

/** A lookup that asks once for each schema and remembers what it found, but not that it found nothing. */
export const rememberSchemas = (find: (id: number) => Promise<string | undefined>) => {
  const found = new Map<number, AvroSchema>()
  return async (id: number): Promise<AvroSchema | undefined> => {
    const known = found.get(id)
    if (known !== undefined) return known
    const text = await find(id)
    if (text === undefined) return undefined
    const schema = parseSchema(text)
    found.set(id, schema)
    return schema
  }
}
