// A step of a start that may be repeated as often as it takes: a broker that is slow or just restarting is no reason to end a start.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError, type HubErrorCode } from '#hub'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
/** As for processes that never get ready (supervise/slow-or-dead.ts): from then on nothing of it passes by itself. */
const LIMIT_MS = 1_800_000

/** What a broker that is slow, restarting or has not made something visible yet fails with. */
const PASSING: ReadonlySet<HubErrorCode> = new Set(['HUB_UNREACHABLE', 'HUB_ADMIN_FAILED', 'HUB_TOPIC_UNKNOWN'])

export interface RetryContext {
  readonly signal: AbortSignal
  /** Told why a step is repeated, when that is another reason than the last. */
  readonly note: (text: string) => void
}

/** Repeats `work`, which may have done a part of it, until it succeeds. Throws the signal's reason, or what does not pass. */
export const untilDone = async <T>(
  what: string,
  { signal, note }: RetryContext,
  work: () => Promise<T>,
  limitMs = LIMIT_MS,
): Promise<T> => {
  const deadline = performance.now() + limitMs
  let told = ''
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof HubError) || !PASSING.has(error.code) || performance.now() > deadline) throw error
      if (error.message !== told) note(`  ${what} is tried again: ${error.message}`)
      told = error.message
    }
    await sleep(pauseMs, undefined, { signal })
  }
}
