// How long tokens and Kafka users are good. What a token makes never outlives it: else a token of one minute could make one without an end.
import { ApiError } from '../errors.ts'
import { timeOf } from '../rfc3339-time.ts'

const DAY_MS = 86_400_000
const MAX_DAYS = 3660

const invalid = (message: string): ApiError =>
  new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/expiresAt', message }] })

/** When what the caller makes ends: when they ask for, else with their token, else never. Throws ApiError API_REQUEST_INVALID. */
export function expiryOf(
  wanted: string | undefined,
  { expiresAt: own }: { readonly expiresAt?: string },
  nowMs: number,
): string | undefined {
  if (wanted === undefined) return own
  const ms = timeOf(wanted)
  if (ms === undefined) throw invalid(`“${wanted}” is no moment: write it as in 2026-11-21T16:00:00Z.`)
  if (ms <= nowMs) throw invalid(`${wanted} is over already.`)
  if (ms > nowMs + MAX_DAYS * DAY_MS)
    throw invalid(`${wanted} is more than ${MAX_DAYS} days from now. Choose an earlier time, or leave “expiresAt” out.`)
  if (own !== undefined && !isWithin(wanted, own))
    throw invalid(`Your own token expires at ${own}, and what it makes cannot last longer.`)
  return new Date(ms).toISOString()
}

/** Whether what ends at `end` is over by `limit`; without a limit everything is. */
export const isWithin = (end: string | undefined, limit: string | undefined): boolean =>
  limit === undefined || (end !== undefined && (timeOf(end) ?? -Infinity) <= (timeOf(limit) ?? -Infinity))

/** Whether it is over. An end that is no moment, as earlier versions took them, is in the past. */
export const isOver = (expiresAt: string | undefined, nowMs: number): boolean =>
  expiresAt !== undefined && (timeOf(expiresAt) ?? -Infinity) <= nowMs
