// Whether a host has to be killed, by what is seen of it from outside: its intent has not moved on for longer than the filter that it names may take. One that got no
// processor time meanwhile is not to blame. A pure rule; the clock and the figures are passed in.
import { GRACE_MS } from '../../protocol/chargeable-cpu.ts'
import { Phase } from '../../protocol/wire.ts'
import { type Limits } from '../../sandbox.ts'
import { type KillReason } from '../process/host-process.ts'
import { type Intent } from '../process/intent-file.ts'

/** How often a host with work is looked at. */
export const LOOK_MS = 20
/** A host that neither runs a filter nor answers for so long is replaced. */
export const IDLE_LIMIT_MS = 10_000
/** A step is guilty only when it used this share of its limit as CPU time; before that it was starved of the processor. */
const GUILTY_SHARE = 0.9
/** A starved step gets this many times its limit before its host is replaced, without blame. */
const STARVED_FACTOR = 10

/** A process that grew by so much more than the filter's limit is out of memory rather than slow; below that it may be garbage of V8. */
const GARBAGE_MB = 128

/** Figures of the host's process, asked only when they matter. */
export interface Figures {
  /** Nothing where it cannot be seen: then the clock counts alone. */
  cpuMs(): number | undefined
  residentMb(): number
  stopped(): boolean
}

export interface Observation {
  readonly figures: Figures
  readonly intent: Intent
  /** Since the last look; a look that comes late counts as two intervals at most, since then this process was not running. */
  readonly elapsedMs: number
  /** Limits of the filter the intent names. */
  readonly limits: Pick<Limits, 'batchMs' | 'memoryMb'> | undefined
}

/** The rule for one host; `look` says whether it must be killed, and why. */
export function openStallRule() {
  let count = -1
  let heldMs = 0
  let cpuAtStart: number | undefined
  let residentAtStart = 0
  let residentNow = 0

  return {
    /** Starts anew: the host was given work or has answered. */
    reset(): void {
      count = -1
    },
    /** How much the host grew in a step, as far as it was seen: a step shorter than one interval cannot grow much. */
    grownMb: (intent: Intent): number => (intent.count === count ? residentNow - residentAtStart : 0),
    look({ intent, elapsedMs, limits, figures }: Observation): KillReason | undefined {
      if (intent.count !== count) {
        count = intent.count
        heldMs = 0
        cpuAtStart = figures.cpuMs()
        residentAtStart = residentNow = figures.residentMb()
        return undefined
      }
      heldMs += Math.min(elapsedMs, 2 * LOOK_MS)
      residentNow = figures.residentMb() || residentNow
      const atWork = intent.phase !== Phase.idle && limits !== undefined
      if (!atWork) return heldMs > IDLE_LIMIT_MS || (heldMs > GRACE_MS && figures.stopped()) ? 'starved' : undefined
      const limitMs = limits.batchMs + GRACE_MS
      if (heldMs <= limitMs) return undefined
      if (figures.stopped()) return 'starved'
      const cpuMs = figures.cpuMs()
      if (cpuMs === undefined || cpuAtStart === undefined || cpuMs - cpuAtStart >= limits.batchMs * GUILTY_SHARE)
        return residentNow - residentAtStart > limits.memoryMb + GARBAGE_MB ? 'memory' : 'deadline'
      return heldMs > limitMs * STARVED_FACTOR ? 'starved' : undefined
    },
  }
}
