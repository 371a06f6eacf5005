// How long a container may take for one step. A filter that burns its time is ended at its limit; one that only waits, or gets no processor, a little later.
import { type ContainerProcess } from './container-process.ts'
import { type Usage } from './usage.ts'

const LOOK_MS = 25
/** A step is guilty at once when it used this share of its limit as CPU time. */
const GUILTY_SHARE = 0.9
/** Otherwise it gets so much more, for a machine that is busy. */
const PATIENCE = { factor: 2, extraMs: 500 } as const

/** Its init and Python. */
const OWN_PROCESSES = 2

export interface Watched {
  readonly limitMs: number
  /** A container with more memory than this at its deadline was slow because it was filling it. */
  readonly fullMb: number
}

/** Processes that the filter started share its time, which its author may not expect. */
function companyOf(usage: Usage): string | undefined {
  const started = usage.pids().length - OWN_PROCESSES
  return started > 0 ? `beside ${started} processes that it started` : undefined
}

/** Watches one step; kills for 'deadline', for 'memory', or for 'starved' when the container was stopped from outside. */
export function openDeadline({ usage, kill }: Pick<ContainerProcess, 'usage' | 'kill'>, { limitMs, fullMb }: Watched) {
  const cpuAtStart = usage.cpuMs()
  let lastMs = performance.now()
  let heldMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    // A look that comes late counts as two: this process was not running either, and an answer may be waiting.
    heldMs += Math.min(now - lastMs, 2 * LOOK_MS)
    lastMs = now
    if (heldMs <= limitMs) return
    const cpuMs = usage.cpuMs()
    const burnt = cpuAtStart === undefined || (cpuMs !== undefined && cpuMs - cpuAtStart >= limitMs * GUILTY_SHARE)
    if (usage.stopped()) kill('starved')
    // Its memory may be free again, while the engine has yet to tell its end.
    else if (usage.ranOutOfMemory()) kill('memory')
    else if (burnt || heldMs > limitMs * PATIENCE.factor + PATIENCE.extraMs)
      kill((usage.memoryMb() ?? 0) > fullMb ? 'memory' : 'deadline', companyOf(usage))
  }, LOOK_MS)
  return { close: (): void => clearInterval(timer) }
}
