// After a packet could not be fetched: whether and when it is asked for again. Pure.
import { CliError, EXIT } from '../../output/exit-codes.ts'

const FIRST_MS = 500
const LONGEST_MS = 30_000
/** Over four minutes altogether. */
const MAX_ATTEMPTS = 12

/** What comes next: a wait, after which it is asked again; nothing more, as the archive has the packet no longer; or the error is the end. */
export type Next = { readonly waitMs: number; readonly isRate: boolean } | 'gone' | 'failed'

/**
 * Of the `attempt`th failure (from 0). Where the account's rate is used up the API says how long to wait, and that is no failure; an API that is away, or
 * a connection that broke, is asked again ever more slowly. `random` is 0 to 1.
 */
export const nextOf = (error: unknown, attempt: number, random: number): Next => {
  if (error instanceof CliError) {
    if (error.code === 'API_ALERT_UNKNOWN') return 'gone'
    if (error.exitCode === EXIT.limit) return { waitMs: error.retryAfterMs ?? LONGEST_MS, isRate: true }
    if (error.exitCode !== EXIT.ourFault) return 'failed'
  }
  if (attempt >= MAX_ATTEMPTS) return 'failed'
  const told = error instanceof CliError ? error.retryAfterMs : undefined
  if (told !== undefined) return { waitMs: told, isRate: false }
  return { waitMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + random / 2), isRate: false }
}
