// Looks at a host from outside: has its intent moved on, and if not, whose time is it? A pure rule; the clock and the figures are passed in.
import { type KillReason, type Intent } from './host-process.ts'
import { Phase } from '../wire.ts'

/** How often a host with work is looked at. */
export const WATCH_MS = 20
/** Beyond a filter's limit: the time isolated-vm is given to stop it from inside. */
export const GRACE_MS = 250
/** A host that neither runs a filter nor answers for so long is replaced. */
export const IDLE_LIMIT_MS = 10_000
/** A step that used less than this share of its wall time as CPU time was starved of the processor. */
const STARVED_SHARE = 0.3
/** A starved step gets this many times its limit before its host is replaced, without blame. */
const STARVED_FACTOR = 4

export interface Observation {
  readonly intent: Intent
  /** Since the last look; a look that comes late counts as one interval only, since then this process was not running. */
  readonly elapsedMs: number
  /** CPU time of the host so far; asked only when it matters. */
  readonly cpuMs: () => number
  readonly stopped: () => boolean
  /** Limit of the step the intent names. */
  readonly limitMs: number
}

/** A watch over one host; `look` says whether it must be killed, and why. */
export function openWatch() {
  let count = -1
  let heldMs = 0
  let cpuAtStart = 0
  let intervals = 0

  return {
    /** Starts anew: the host was given work. */
    reset(): void {
      count = -1
    },
    look({ intent, elapsedMs, cpuMs, stopped, limitMs }: Observation): KillReason | undefined {
      if (intent.count !== count) {
        count = intent.count
        heldMs = 0
        intervals = 0
        cpuAtStart = cpuMs()
        return undefined
      }
      heldMs += Math.min(elapsedMs, 2 * WATCH_MS)
      intervals++
      const limit = intent.phase === Phase.idle ? IDLE_LIMIT_MS : limitMs + GRACE_MS
      if (heldMs <= limit || intervals < 3) return undefined
      if (intent.phase === Phase.idle || stopped()) return 'starved'
      if (cpuMs() - cpuAtStart >= heldMs * STARVED_SHARE) return 'deadline'
      return heldMs > limit * STARVED_FACTOR ? 'starved' : undefined
    },
  }
}
