// Keeps an eye on a container while it is at one step, and kills it when that takes longer than it may. A filter that burns its time is ended at its limit, one that
// only waits a little later; one that waits for a processor is not at fault, and has time.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Usage } from '../../engine/container-usage.ts'
import { type ContainerProcess } from '../process/container-process.ts'

const LOOK_MS = 25
/** A step is guilty at once when it used this share of its limit as CPU time. */
const GUILTY_SHARE = 0.9
/** Beyond its limit a step may sleep as long as its limit and so much more. */
const IDLE_MS = 500
/**
 * One that reads may not have got its batch yet, or may have answered: where more wants to run than there are processors, what lies between gets none.
 * So much longer then, and without blame.
 */
const BUSY = { factor: 10, extraMs: 3_000 } as const
/** Ready to run, or waiting for a disk, and given nothing at all for so long: another container is tried. */
const STUCK_MS = 600_000

/** Its init and Python. */
const OWN_PROCESSES = 2

export interface WatchedStep {
  readonly limitMs: number
  /** A container with more memory than this at its deadline was slow because it was filling it. */
  readonly fullMb: number
  /** Whether more threads want to run than there are processors; the machine's own word by default. */
  readonly isBusy?: () => boolean
}

/** Processes that the filter started share its time, which its author may not expect. */
function companyOf(usage: Usage): string | undefined {
  const started = usage.pids().length - OWN_PROCESSES
  return started > 0 ? `beside ${started} processes that it started` : undefined
}

/** By the number of threads that run or wait for a processor; false where the machine does not tell. */
function machineIsBusy(): boolean {
  try {
    const running = /^(?:\S+ ){3}(\d+)\//.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1]
    return Number(running ?? 0) > availableParallelism()
  } catch {
    return false
  }
}

/** Watches one step; kills for 'deadline', for 'memory', or for 'starved' when the container was stopped from outside or got no processor. */
export function openWatchdog(
  { usage, kill }: Pick<ContainerProcess, 'usage' | 'kill'>,
  { limitMs, fullMb, isBusy = machineIsBusy }: WatchedStep,
) {
  const cpuAtStart = usage.cpuMs()
  let lastMs = performance.now()
  let heldMs = 0
  /** Beyond the limit: asleep by itself, asleep while the machine was busy, and ready to run without getting anything. */
  let idleMs = 0
  let busyMs = 0
  let stuckMs = 0
  let lastCpuMs = cpuAtStart ?? 0

  const look = (elapsedMs: number): void => {
    const cpuMs = usage.cpuMs()
    if (usage.stopped()) return kill('starved')
    // Its memory may be free again, while the engine has yet to tell its end.
    if (usage.ranOutOfMemory()) return kill('memory')
    const known = cpuAtStart !== undefined && cpuMs !== undefined
    const burnt = known && cpuMs - cpuAtStart >= limitMs * GUILTY_SHARE
    const moved = known && cpuMs > lastCpuMs
    lastCpuMs = cpuMs ?? lastCpuMs
    if (known && usage.wantsToRun()) stuckMs = moved ? 0 : stuckMs + elapsedMs
    else if (known && isBusy() && !usage.sleepsByItself()) busyMs += elapsedMs
    else idleMs += elapsedMs
    if (burnt || idleMs > limitMs + IDLE_MS)
      kill((usage.memoryMb() ?? 0) > fullMb ? 'memory' : 'deadline', companyOf(usage))
    else if (busyMs + idleMs > limitMs * BUSY.factor + BUSY.extraMs || stuckMs > STUCK_MS) kill('starved')
  }
  const timer = setInterval(() => {
    const now = performance.now()
    // A look that comes late counts as two: this process was not running either, and an answer may be waiting.
    const elapsedMs = Math.min(now - lastMs, 2 * LOOK_MS)
    heldMs += elapsedMs
    lastMs = now
    if (heldMs > limitMs) look(elapsedMs)
  }, LOOK_MS)
  return { close: (): void => clearInterval(timer) }
}
