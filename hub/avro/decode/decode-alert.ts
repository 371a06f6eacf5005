// In: the Avro bytes of an alert. Out: the whole alert as a JavaScript object, and back, by avsc: for tools and as the oracle of the tests. Filters'
// columns come from ../cursor/.
import { HubError } from '../../errors.ts'
import { type AvroSchema } from '../schema/node.ts'
import { checkBytes } from './check-bytes.ts'

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
    throw new HubError(
      'HUB_SCHEMA_INVALID',
      `The alert does not fit schema ${schema.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    )
  }
}
