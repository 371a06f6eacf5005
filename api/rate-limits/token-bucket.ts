// The rule of a rate limit: two buckets for each caller, one of requests and one of bytes, which fill evenly and hold a minute's worth. Pure.
// Libraries that count in fixed windows, rate-limiter-flexible among them, have a caller who is over wait for the window's end (up to a minute
// instead of a tenth of a second at 600 requests a minute), and forget there what bytes are owed.

/** What a caller may use up in a minute; as much is there at once. */
export interface Limits {
  readonly requestsPerMinute: number
  readonly bytesPerMinute: number
}

/** What is left at a time. Bytes may be owed: how long an answer is, is known when it is sent. */
export interface Level {
  readonly requests: number
  readonly bytes: number
  readonly atMs: number
}

export interface Verdict {
  readonly allowed: boolean
  /** Whole requests that are left. */
  readonly requests: number
  /** Bytes that are left; negative while some are owed. */
  readonly bytes: number
  /** When a refused request may be repeated; 0 where it was allowed. */
  readonly waitMs: number
}

export const WINDOW_MS = 60_000

/** Takes the bytes of earlier answers and, where requests and bytes are left, one request. A clock that goes backwards fills nothing and takes nothing. */
export function take(
  level: Level | undefined,
  limits: Limits,
  bytesUsed: number,
  nowMs: number,
): { readonly level: Level; readonly verdict: Verdict } {
  const passedMs = level === undefined ? 0 : Math.max(0, nowMs - level.atMs)
  const { requestsPerMinute, bytesPerMinute } = limits
  const filled = (left: number | undefined, perMinute: number): number =>
    Math.min(perMinute, left === undefined ? perMinute : left + (passedMs * perMinute) / WINDOW_MS)
  const bytes = filled(level?.bytes, bytesPerMinute) - bytesUsed
  const requests = filled(level?.requests, requestsPerMinute)
  const allowed = requests >= 1 && bytes > 0
  const left = allowed ? requests - 1 : requests
  const wait = (missing: number, perMinute: number): number => (Math.max(0, missing) * WINDOW_MS) / perMinute
  const waitMs = allowed
    ? 0
    : Math.ceil(Math.max(wait(1 - requests, requestsPerMinute), wait(1 - bytes, bytesPerMinute)))
  return {
    level: { requests: left, bytes, atMs: nowMs },
    verdict: { allowed, requests: Math.floor(left), bytes: Math.floor(bytes), waitMs },
  }
}
