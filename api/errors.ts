// The one error class of this folder. Every code is shown to the caller of the API; `owner` says who can do something about it.

/** Every code, its HTTP status, a title that never changes, and who has to act. */
export const API_ERRORS = {
  API_REQUEST_INVALID: { status: 400, title: 'The request does not have the form this route takes.', owner: 'caller' },
  API_TOKEN_MISSING: { status: 401, title: 'The request carries no bearer token.', owner: 'caller' },
  API_TOKEN_UNKNOWN: { status: 401, title: 'The token is not known or was revoked.', owner: 'caller' },
  API_TOKEN_EXPIRED: { status: 401, title: 'The token has expired.', owner: 'caller' },
  API_JOIN_TOKEN_FORM: { status: 400, title: 'The join token does not have the form of one.', owner: 'caller' },
  API_JOIN_TOKEN_UNKNOWN: { status: 403, title: 'The join token is not known.', owner: 'caller' },
  API_JOIN_TOKEN_EXPIRED: { status: 403, title: 'The join token has expired.', owner: 'caller' },
  API_JOIN_TOKEN_USED: { status: 403, title: 'Another node has used the join token.', owner: 'caller' },
  API_JOIN_ELSEWHERE: { status: 403, title: 'The join token is of another system.', owner: 'caller' },
  API_SCOPE_MISSING: { status: 403, title: 'The token lacks a scope this route needs.', owner: 'caller' },
  API_QUOTA_REACHED: { status: 403, title: 'The account has all it may have of this.', owner: 'caller' },
  API_ROUTE_UNKNOWN: { status: 404, title: 'There is no such route.', owner: 'caller' },
  API_ACCOUNT_UNKNOWN: { status: 404, title: 'There is no such account.', owner: 'caller' },
  API_TOKEN_ID_UNKNOWN: { status: 404, title: 'The account has no such token.', owner: 'caller' },
  API_FILTER_UNKNOWN: { status: 404, title: 'There is no such filter among yours.', owner: 'caller' },
  API_VERSION_UNKNOWN: { status: 404, title: 'The filter has no such version.', owner: 'caller' },
  API_VISIT_UNKNOWN: { status: 404, title: 'The filter has reported nothing on this visit.', owner: 'caller' },
  API_TOPIC_UNKNOWN: { status: 404, title: 'There is no such topic among those you may read.', owner: 'caller' },
  API_CREDENTIAL_UNKNOWN: { status: 404, title: 'The topic has no such credential of yours.', owner: 'caller' },
  API_ARCHIVE_UNKNOWN: { status: 404, title: 'There is no archive of such a stream.', owner: 'caller' },
  API_ALERT_UNKNOWN: { status: 404, title: 'The archive has no such alert.', owner: 'caller' },
  API_CUTOUT_UNKNOWN: { status: 404, title: 'The alert has no such cutout.', owner: 'caller' },
  API_SCHEMA_UNKNOWN: { status: 404, title: 'The archive has no such schema.', owner: 'caller' },
  API_DEAD_LETTER_UNKNOWN: { status: 404, title: 'There is no such dead letter.', owner: 'caller' },
  API_ARCHIVE_JOB_UNKNOWN: { status: 404, title: 'There is no such job.', owner: 'caller' },
  API_NODE_UNKNOWN: { status: 404, title: 'There is no such node.', owner: 'caller' },
  API_NAME_TAKEN: { status: 409, title: 'The name is in use.', owner: 'caller' },
  API_STATE_CONFLICT: { status: 409, title: 'The filter is in a state that does not allow this.', owner: 'caller' },
  API_NODE_STATE: { status: 409, title: 'The node is in a state that does not allow this.', owner: 'caller' },
  API_NODE_IN_USE: { status: 409, title: 'The node has filters.', owner: 'caller' },
  API_CELL_PLAIN: { status: 409, title: 'Cells need a system with certificates.', owner: 'caller' },
  API_USERS_ELSEWHERE: { status: 409, title: 'The Kafka users of this topic are made by others.', owner: 'caller' },
  API_JOIN_NAME: { status: 409, title: 'The join token is for a node of another name.', owner: 'caller' },
  API_JOIN_ADDRESS: { status: 409, title: 'The address does not fit the other machines of the node.', owner: 'caller' },
  API_KEY_REUSED: { status: 409, title: 'The Idempotency-Key was used for something else.', owner: 'caller' },
  API_SCHEMAS_MIXED: {
    status: 409,
    title: 'The alerts have several schemas, and a container file has one.',
    owner: 'caller',
  },
  API_PRECONDITION: { status: 412, title: 'It has changed since you read it.', owner: 'caller' },
  API_BODY_TOO_LARGE: { status: 413, title: 'The body is larger than this route takes.', owner: 'caller' },
  API_SOURCES_FULL: { status: 413, title: 'The sources of the account take all the room they may.', owner: 'caller' },
  API_HEAD_TOO_LARGE: { status: 431, title: 'Address and headers are larger than 16 KB.', owner: 'caller' },
  API_MEDIA_TYPE: { status: 415, title: 'The body is not JSON.', owner: 'caller' },
  API_SOURCE_REJECTED: { status: 422, title: 'The source of the filter has problems.', owner: 'caller' },
  API_STREAM_UNKNOWN: { status: 422, title: 'There is no such stream.', owner: 'caller' },
  API_RUNTIME_MISSING: { status: 422, title: 'This system does not run filters of this language.', owner: 'caller' },
  API_NAME_RESERVED: { status: 422, title: 'The name is reserved.', owner: 'caller' },
  API_ALERT_UNREADABLE: { status: 422, title: 'The archived packet cannot be shown in this form.', owner: 'caller' },
  API_FIELD_UNKNOWN: { status: 422, title: 'The alert’s schema has no such field.', owner: 'caller' },
  API_SEARCH_INVALID: { status: 422, title: 'The search does not say what to look for.', owner: 'caller' },
  API_JOIN_REQUEST: { status: 422, title: 'The certificate request of the node cannot be granted.', owner: 'caller' },
  API_JOIN_CLOCK: { status: 422, title: 'The clock of the node differs from the system’s.', owner: 'caller' },
  API_JOIN_VERSION: { status: 422, title: 'The node’s software does not fit the system’s.', owner: 'caller' },
  API_JOIN_DISK: { status: 422, title: 'The disk of the node is too small.', owner: 'caller' },
  API_RATE_LIMIT: { status: 429, title: 'Too many requests.', owner: 'caller' },
  API_INTERNAL: { status: 500, title: 'Something failed on our side.', owner: 'us' },
  API_ARCHIVE_DOWN: { status: 503, title: 'The archive cannot be read at the moment.', owner: 'us' },
  API_ARCHIVE_MISSING: { status: 503, title: 'This system keeps no archive.', owner: 'us' },
  API_QUEUE_DOWN: { status: 503, title: 'The job queue is down.', owner: 'us' },
  API_LEADER_MISSING: { status: 503, title: 'No instance of the API may write at the moment.', owner: 'us' },
  API_NODE_MISSING: { status: 503, title: 'No node can run the filter at the moment.', owner: 'us' },
  API_ENGINE_AWAY: { status: 503, title: 'Filters of this language cannot run at the moment.', owner: 'us' },
  API_AUDIT_DOWN: { status: 503, title: 'What is done cannot be written down at the moment.', owner: 'us' },
  API_MIRROR_DOWN: { status: 503, title: 'The broker of this topic does not answer.', owner: 'us' },
  API_STARTING: { status: 503, title: 'The API is still reading its control topics.', owner: 'us' },
} as const satisfies Record<string, { status: number; title: string; owner: 'caller' | 'us' }>

export type ApiErrorCode = keyof typeof API_ERRORS

/** One detail of an error: where in the request (JSON pointer) or in the author's source (line and column from 1). */
export interface ApiProblem {
  readonly pointer?: string
  readonly code?: string
  readonly message: string
  readonly line?: number
  readonly column?: number
}

/** What this folder throws. `message` is shown to the caller: what happened, why, and what to do next. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly problems: readonly ApiProblem[]

  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions & { problems?: readonly ApiProblem[] }) {
    super(message, options)
    this.code = code
    this.problems = options?.problems ?? []
  }
}
