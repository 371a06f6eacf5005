// What the packets of a stream offer to filters, over all versions of its schema that are known.
import { type AvroSchema, fieldsOf, mergeFields, type Stream } from '#hub'
import { type Field } from './columns-read.ts'

/** Fields of those schemas that are alerts of this stream, the first ones given counting as newest. Empty when none of them is. */
export function streamFields(stream: Stream, schemas: readonly AvroSchema[]): readonly Field[] {
  const versions = schemas.map(schema => fieldsOf(schema)).filter(fields => isAlertOf(stream, fields))
  return versions.length === 0 ? [] : mergeFields(...versions)
}

function isAlertOf(stream: Stream, fields: readonly Field[]): boolean {
  const has = (path: string): boolean => fields.some(field => field.list === undefined && field.path === path)
  return has(stream.visit.path) && stream.alertId.some(has)
}
