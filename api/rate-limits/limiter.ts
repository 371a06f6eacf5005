// Who may ask now: counted in Redis by all instances together, and by this process alone while Redis is away. Read it first in this folder.
// In: a caller's key and limits, and the bytes of earlier answers. Out: whether the request is allowed, what is left, how long to wait.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Redis } from 'ioredis'
import { type Level, type Limits, take, type Verdict, WINDOW_MS } from './token-bucket.ts'
import { openRedisBuckets } from './redis-bucket.ts'

/** Nobody's request waits longer for Redis; then it is not asked again for a while. */
const PATIENCE_MS = 250
const REST_MS = 1000
/** Callers that are remembered at most; full buckets are forgotten first. */
const MAX_CALLERS = 10_000

export interface Limiter {
  /** One more request. Never rejects: without Redis this process counts by itself, by the same limits. */
  ask(key: string, limits: Limits): Promise<Verdict>
  /** Bytes that were sent; they are taken with the caller's next request. */
  used(key: string, bytes: number): void
}

/** @param nowMs of a clock that never jumps, such as performance.now */
export function openLimiter(redis: Redis | undefined, nowMs: () => number = () => performance.now()): Limiter {
  const shared = redis === undefined ? undefined : openRedisBuckets(redis)
  const own = new Map<string, Level>()
  const owed = new Map<string, number>()
  let restUntilMs = 0

  const ownVerdict = (key: string, limits: Limits, bytes: number): Verdict => {
    const { level, verdict } = take(own.get(key), limits, bytes, nowMs())
    // The newest is last: what is forgotten first has not asked for longest.
    own.delete(key)
    own.set(key, level)
    if (own.size > MAX_CALLERS) forget(own, nowMs())
    return verdict
  }
  return {
    async ask(key, limits) {
      const bytes = owed.get(key) ?? 0
      owed.delete(key)
      if (shared !== undefined && nowMs() >= restUntilMs) {
        const late = new AbortController()
        try {
          return await Promise.race([shared(key, limits, bytes), tooLate(late.signal)])
        } catch {
          restUntilMs = nowMs() + REST_MS
        } finally {
          late.abort()
        }
      }
      return ownVerdict(key, limits, bytes)
    },
    used(key, bytes) {
      if (bytes > 0) owed.set(key, (owed.get(key) ?? 0) + bytes)
    },
  }
}

async function tooLate(signal: AbortSignal): Promise<never> {
  await sleep(PATIENCE_MS, undefined, { signal, ref: false })
  throw new Error(`Redis did not answer within ${PATIENCE_MS} ms`)
}

/** Forgets who has not asked for a minute; where all have, the one who has not asked for longest. */
function forget(levels: Map<string, Level>, nowMs: number): void {
  for (const [key, { atMs }] of levels) {
    if (nowMs - atMs < WINDOW_MS && levels.size <= MAX_CALLERS) return
    levels.delete(key)
  }
}
