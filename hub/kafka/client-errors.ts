// What a client says went wrong, in this folder's words. The producer and the administration fail with @platformatic/kafka's errors.
import { HubError, type HubErrorCode } from '../errors.ts'

/** An error and all below it: the library wraps by `errors` and by `cause`. */
function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return
  yield error
  if (error instanceof AggregateError) for (const one of error.errors) yield* causesOf(one)
  yield* causesOf(error.cause)
}

const has = (error: unknown, property: string, ...values: readonly unknown[]): boolean =>
  causesOf(error).some(one => values.includes(Reflect.get(one, property)))

/** Whether the broker answered with one of these errors of the protocol, e.g. `PRODUCER_FENCED`. */
export const isProtocolError = (error: unknown, ...ids: readonly string[]): boolean => has(error, 'apiId', ...ids)

export const isWrongLogin = (error: unknown): boolean => has(error, 'code', 'PLT_KFK_AUTHENTICATION')

/** Whether a client knows of no broker with the id that it was told, e.g. a coordinator's: one that was away when it last asked which there are. */
export const isBrokerUnlisted = (error: unknown): boolean =>
  has(error, 'code', 'PLT_KFK_NETWORK') && has(error, 'hasStaleMetadata', true)

const isUnknownTopic = (error: unknown): boolean =>
  causesOf(error).some(({ message }) => message.startsWith('Unknown topic '))

const CODES: readonly (readonly [HubErrorCode, readonly string[]])[] = [
  [
    'HUB_FENCED',
    ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'TRANSACTION_COORDINATOR_FENCED'],
  ],
  [
    'HUB_NOT_AUTHORIZED',
    [
      'TOPIC_AUTHORIZATION_FAILED',
      'GROUP_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'SASL_AUTHENTICATION_FAILED',
    ],
  ],
  ['HUB_NOT_SUPPORTED', ['SECURITY_DISABLED', 'POLICY_VIOLATION', 'INVALID_CONFIG', 'UNSUPPORTED_VERSION']],
  ['HUB_MESSAGE_TOO_LARGE', ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']],
  ['HUB_TOPIC_UNKNOWN', ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INVALID_TOPIC_EXCEPTION']],
]

const ADVICE: Partial<Record<HubErrorCode, string>> = {
  HUB_FENCED: 'another process has taken its transactional id over; this one has to end',
  HUB_NOT_AUTHORIZED: 'check the user’s name, password and ACLs',
  HUB_MESSAGE_TOO_LARGE: 'the topic takes no message of that size; see its max.message.bytes',
  HUB_TOPIC_UNKNOWN: 'create the topic first; topics are not created by use',
  HUB_UNREACHABLE: 'check that the broker runs and its address is right',
}

const codeOf = (error: unknown, otherwise: HubErrorCode): HubErrorCode => {
  const known = CODES.find(([, ids]) => isProtocolError(error, ...ids))
  if (known !== undefined) return known[0]
  if (isWrongLogin(error)) return 'HUB_NOT_AUTHORIZED'
  if (isUnknownTopic(error)) return 'HUB_TOPIC_UNKNOWN'
  if (otherwise === 'HUB_COMMIT_UNKNOWN') return otherwise
  return has(error, 'code', 'PLT_KFK_NETWORK') ? 'HUB_UNREACHABLE' : otherwise
}

const isLeaf = (one: Error): boolean => one.cause === undefined && !(one instanceof AggregateError)

const MAX_REASONS = 3

/** An error with what was attempted, why it failed and what to do. HubErrors pass unchanged. */
export const kafkaFailure = (what: string, error: unknown, otherwise: HubErrorCode): HubError => {
  if (error instanceof HubError) return error
  const code = codeOf(error, otherwise)
  const advice = ADVICE[code]
  // Only the innermost, each once: a repeated operation fails with hundreds of equal errors.
  const innermost = causesOf(error).filter(isLeaf).toArray()
  const messages = [...new Set(innermost.map(({ message }) => message))].slice(0, MAX_REASONS)
  const why = messages.length === 0 ? String(error) : messages.join('; ')
  const message = `${what} failed: ${why}${advice === undefined ? '' : ` (${advice})`}`
  return new HubError(code, message, { cause: innermost[0] ?? error })
}
