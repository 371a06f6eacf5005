// Writer schemas: text in, tree and avsc type out. avsc is the full decoder for tools and the oracle of the tests; the hot path uses the cursor.
import avsc, { type Type } from 'avsc'
import { HubError } from '../errors.ts'
import { checkBytes } from './check.ts'
import { type AvroSchema, nodeOf } from './node.ts'

export { type AvroSchema } from './node.ts'

// avsc's own long type refuses integers beyond 2^53, which every LSST id is.
export const bigintLong = (): Type =>
  avsc.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64LE(value)
      return bytes
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  })

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/**
 * Reviver that turns `{"type": "long", "logicalType": …}` into `"long"`: avsc looks the bigint type up only for bare names. Defaults are for readers
 * of other versions; here every packet is read by the schema it was written with.
 */
const bare = (key: string, value: unknown): unknown => {
  if (key === 'default' || key === 'doc' || key === 'logicalType') return undefined
  if (typeof value !== 'object' || value === null || !('type' in value) || 'name' in value) return value
  const { type } = value
  return typeof type === 'object' || (typeof type === 'string' && PRIMITIVES.has(type)) ? type : value
}

/** Parses a schema's JSON text. Throws HubError HUB_SCHEMA_INVALID; the root has to be a record. */
export const parseSchema = (json: string): AvroSchema => {
  let type: Type
  try {
    // A registry belongs to one schema: avsc writes its names into it.
    type = avsc.Type.forSchema(JSON.parse(json, bare), { registry: { long: bigintLong() } })
  } catch (cause) {
    throw new HubError('HUB_SCHEMA_INVALID', `The text is not an Avro schema: ${reason(cause)}`, { cause })
  }
  const root = nodeOf(type)
  if (root.kind !== 'record')
    throw new HubError('HUB_SCHEMA_INVALID', `The schema's root is of type ${root.kind}; an alert has to be a record`)
  return { text: json, name: root.name, root, type }
}

/** The schema without documentation, defaults, aliases and logical types, in one fixed order: equal for schemas that write equal bytes. */
export const canonicalText = (schema: AvroSchema): string => JSON.stringify(schema.type.schema())

/** Every field of an alert; longs are bigint, `bytes` are copies. Throws HubError HUB_AVRO_… for bytes that are not exactly one alert. */
export const decodeAlert = (schema: AvroSchema, body: Buffer): Record<string, unknown> => {
  checkBytes(schema, body)
  const alert: Record<string, unknown> = schema.type.fromBuffer(body)
  return alert
}

/** The Avro bytes of an alert. Throws HubError HUB_SCHEMA_INVALID naming the first field that does not fit. */
export const encodeAlert = (schema: AvroSchema, alert: Record<string, unknown>): Buffer => {
  try {
    return schema.type.toBuffer(alert)
  } catch (cause) {
    throw new HubError('HUB_SCHEMA_INVALID', `The alert does not fit schema ${schema.name}: ${reason(cause)}`, {
      cause,
    })
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
