// How a command ends: exit codes that scripts can tell apart, and which errors lead to which.
import { API_ERRORS, type ApiErrorCode, type ApiProblem } from '../../errors.ts'

export const EXIT = {
  ok: 0,
  /** Our side failed, or does not answer. */
  ourFault: 1,
  usage: 2,
  /** The filter has problems. */
  filterFault: 3,
  /** Nothing matched although `--expect-match` was given. */
  noMatch: 4,
  auth: 5,
  limit: 6,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What a command throws: a code for programs, a message for people, and how the process ends. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: string
  readonly exitCode: ExitCode
  readonly problems: readonly ApiProblem[]
  /** How long the API asks to wait before it is asked again. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: string,
    exitCode: ExitCode,
    message: string,
    options?: ErrorOptions & { problems?: readonly ApiProblem[]; retryAfterMs?: number | undefined },
  ) {
    super(message, options)
    this.code = code
    this.exitCode = exitCode
    this.problems = options?.problems ?? []
    this.retryAfterMs = options?.retryAfterMs
  }
}

const SPECIAL: Partial<Record<ApiErrorCode, ExitCode>> = {
  API_SOURCE_REJECTED: EXIT.filterFault,
  API_QUOTA_REACHED: EXIT.limit,
  API_RATE_LIMIT: EXIT.limit,
  API_SCOPE_MISSING: EXIT.auth,
}

/** The exit code that an error code of the API leads to. */
export function exitCodeOf(code: string, status: number): ExitCode {
  const special = SPECIAL[code as ApiErrorCode]
  if (special !== undefined) return special
  if (status === 401) return EXIT.auth
  if (status === 429) return EXIT.limit
  const owner = code in API_ERRORS ? API_ERRORS[code as ApiErrorCode].owner : status >= 500 ? 'us' : 'caller'
  return owner === 'us' ? EXIT.ourFault : EXIT.usage
}
