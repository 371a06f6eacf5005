// The records of skysieve.audit: who did what, when, from where, and how it ended. Nothing that was sent in a body is in them.
import { Type, type Static } from 'typebox'

export const AUDIT_TOPIC = 'skysieve.audit'

/**
 * An act is written down before it begins and again when it has ended; one without an end was cut off, and the control topics tell
 * how far it came. A refusal before the act has only an end.
 */
export const AuditRecord = Type.Object({
  time: Type.String({ format: 'date-time' }),
  /** The request's id, the same in both records of an act. */
  request: Type.String(),
  phase: Type.Union([Type.Literal('begun'), Type.Literal('ended')]),
  /** Null where no valid token was shown. */
  account: Type.Union([Type.String(), Type.Null()]),
  /** Id of the token; null for the administrator of the configuration. */
  token: Type.Union([Type.String(), Type.Null()]),
  /** Address the request came from; of a request that another instance passed on, that instance's. */
  from: Type.String(),
  /** Method and route, e.g. `DELETE /v1/accounts/:account/tokens/:token`. */
  action: Type.String(),
  /** The route's parameters: what was acted on. */
  target: Type.Record(Type.String(), Type.String()),
  outcome: Type.Optional(Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('failed')])),
  status: Type.Optional(Type.Integer()),
  /** Code of the refusal. */
  code: Type.Optional(Type.String()),
  /** Where what was made is. */
  made: Type.Optional(Type.String()),
  /** Refusals that were not written down before this one, because too many came at once. */
  omitted: Type.Optional(Type.Integer()),
})
export type AuditRecord = Static<typeof AuditRecord>
