// When two schema texts are one schema: same JSON whatever its spacing and the order of its properties. Pure.
import avsc from 'avsc'

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/** Equal for texts that say the same. */
export const identityOf = (schema: string): string => JSON.stringify(sorted(JSON.parse(schema)))

/** avsc checks defaults against its own number types; what they may be is for readers to say. */
const withoutDefaults = (key: string, value: unknown): unknown =>
  key === 'default' || key === 'doc' || key === 'logicalType' ? undefined : value

/** Why a text is no Avro schema; undefined where it is one. */
export const avroProblem = (schema: string): string | undefined => {
  try {
    // A registry of names of its own: avsc writes into it.
    avsc.Type.forSchema(JSON.parse(schema, withoutDefaults), { registry: {} })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
