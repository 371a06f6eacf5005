// Answers that are no JSON of ours, as the OpenAPI document describes them.
import { Type, type TSchema } from 'typebox'

const Bytes = Type.String({ format: 'binary' })

/** An answer in one of several forms: media type → schema; bytes where it is null. */
export const forms = (description: string, types: Readonly<Record<string, TSchema | null>>) => ({
  description,
  content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema: schema ?? Bytes }])),
})

/** An answer without a body. */
export const empty = (description: string) => ({ description, type: 'null' as const })

/** Whatever JSON an alert becomes; its fields are its schema's. */
export const AnyJson = Type.Object({}, { additionalProperties: true })
