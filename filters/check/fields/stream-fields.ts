// What the packets of a stream offer to filters, over all versions of its schema that are known.
import { type AvroSchema, type Merged, mergeFields, offerOf, type Stream } from '#hub'
import { type Field } from './columns-read.ts'

/** Fields of those schemas that are alerts of this stream, the first ones given counting as newest. Empty when none of them is. */
export const streamFields = (stream: Stream, schemas: readonly AvroSchema[]): readonly Field[] =>
  streamOffer(stream, schemas).fields

/** Likewise, and what filters cannot read of them, for operators. */
export function streamOffer(stream: Stream, schemas: readonly AvroSchema[]): Merged {
  const versions = schemas.map(schema => offerOf(schema)).filter(({ fields }) => isAlertOf(stream, fields))
  const { fields, problems } = mergeFields(...versions.map(version => version.fields))
  return { fields, problems: [...new Set([...versions.flatMap(version => version.problems), ...problems])] }
}

/** Those that are alerts of this stream, in their order. */
export const schemasOf = (stream: Stream, schemas: readonly AvroSchema[]): AvroSchema[] =>
  schemas.filter(schema => isAlertOf(stream, offerOf(schema).fields))

function isAlertOf(stream: Stream, fields: readonly Field[]): boolean {
  const has = (path: string): boolean => fields.some(field => field.list === undefined && field.path === path)
  return has(stream.visit.path) && stream.alertId.some(has)
}
