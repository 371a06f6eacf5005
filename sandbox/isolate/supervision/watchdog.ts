// Keeps an eye on a host process while it has work, and kills it when a step of a filter (stall-rule.ts), one piece of work or a whole evaluation takes longer than
// it may.
import { type HostProcess } from '../process/host-process.ts'
import { type Intent } from '../process/intent-file.ts'
import { openStallRule, LOOK_MS } from './stall-rule.ts'
import { type Patience, totalLimitMs, workLimitMs } from './unblamed-end.ts'
import { type Job, type WorkList } from './work-list.ts'

/** Looks at `host()` and what it is at. */
export function openWatchdog(work: WorkList, host: () => HostProcess | undefined, patience: Patience) {
  const stallRule = openStallRule()
  let timer: NodeJS.Timeout | undefined
  let lastLookMs = 0
  let seen: Job | undefined
  let seenMs = 0

  /** Whether the host is at one piece of work, or hosts at one evaluation, for longer than all its filters may take together. */
  const isOverdue = (front: Job, elapsedMs: number): boolean => {
    if (front !== seen) seenMs = 0
    seen = front
    seenMs += elapsedMs
    if (front.kind === 'load') return seenMs > workLimitMs([front.hosted.program.limits], patience)
    const { asked, evaluation } = front
    evaluation.heldMs += elapsedMs
    const limits = [...asked.values()].map(({ program }) => program.limits)
    if (seenMs > workLimitMs(limits, patience)) return true
    if (evaluation.heldMs <= totalLimitMs(limits, patience)) return false
    evaluation.isLate = true
    evaluation.heldMs = 0
    return true
  }
  const rest = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  const look = (): void => {
    const present = host()
    const { front } = work
    if (present === undefined || front === undefined) return rest()
    const now = performance.now()
    const elapsedMs = now - lastLookMs
    lastLookMs = now
    const intent = present.intent()
    const limits = work.at(intent.slot)?.program.limits
    const reason = stallRule.look({ intent, elapsedMs, limits, figures: present })
    if (present.memoryExceeded()) present.kill('full')
    else if (reason !== undefined) present.kill(reason)
    // A look that comes late counts little, as in the stall rule: this process was not running either.
    else if (isOverdue(front, Math.min(elapsedMs, 2 * LOOK_MS))) present.kill('overdue')
  }

  return {
    /** The host has been given work. */
    begin(): void {
      if (timer !== undefined) return
      stallRule.reset()
      lastLookMs = performance.now()
      seen = undefined
      timer = setInterval(look, LOOK_MS)
    },
    rest,
    /** How much the host grew in the step it ended in, as far as it was seen. */
    grownMb: (intent: Intent): number => stallRule.grownMb(intent),
  }
}
