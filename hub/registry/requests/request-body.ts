// What clients send, checked by hand: fastify's validation would turn numbers into texts and null into 0.
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { Metadata, Reference } from '../state/schemas-topic-records.ts'
import { refuse, type Refusal } from '../state/registry-errors.ts'
import { MAX_ID, type Submitted } from '../rules/registering.ts'

const MAX_REFERENCES = 100

const OrNull = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

const SubmittedBody = Type.Object({
  schema: Type.String(),
  schemaType: OrNull(Type.String()),
  references: OrNull(Type.Array(Reference, { maxItems: MAX_REFERENCES })),
  metadata: OrNull(Metadata),
  ruleSet: OrNull(Type.Record(Type.String(), Type.Unknown())),
  id: OrNull(Type.Integer({ minimum: -1, maximum: MAX_ID })),
  version: OrNull(Type.Integer({ minimum: -1, maximum: MAX_ID })),
})
const LevelBody = Type.Object({ compatibility: Type.String() })
const ModeBody = Type.Object({ mode: Type.String() })

const parse = <T extends TSchema>(schema: T, body: unknown, refusal: Refusal): Static<T> => {
  if (Value.Check(schema, body)) return body
  const [error] = Value.Errors(schema, body)
  const where = error === undefined || error.instancePath === '' ? 'the body' : error.instancePath.slice(1)
  throw refuse(refusal, `${where} ${error?.message ?? 'is not valid'}`)
}

/** -1, 0 (for versions) and null are what clients send for "none". */
const given = (value: number | null | undefined, least: number): number | undefined =>
  value === null || value === undefined || value < least ? undefined : value

/** A registration or a lookup. */
export const submittedIn = (body: unknown): Submitted => {
  const { schemaType, id, version, ...rest } = parse(SubmittedBody, body, 'INVALID_SCHEMA')
  return {
    ...rest,
    ...(schemaType === null || schemaType === undefined ? {} : { schemaType }),
    id: given(id, 0),
    version: given(version, 1),
  }
}

export const levelIn = (body: unknown): string => parse(LevelBody, body, 'INVALID_COMPATIBILITY').compatibility

export const modeIn = (body: unknown): string => parse(ModeBody, body, 'INVALID_MODE').mode

const UNSUPPORTED = 415

/** A body in the characters its type names; UTF-8 where it names none. */
const textIn = (bytes: Uint8Array, contentType = ''): string => {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch (cause) {
    throw Object.assign(new Error(`The charset ${charset} is not known`, { cause }), { statusCode: UNSUPPORTED })
  }
}

/** A body's JSON; undefined where it is empty. Throws SyntaxError, or an error of status 415 for a charset that is not known. */
export const jsonIn = (bytes: Uint8Array, contentType: string | undefined): unknown => {
  const text = textIn(bytes, contentType)
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}
