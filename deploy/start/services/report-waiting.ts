// What a process that runs waits for, on the screen: it is no fault of its own, and an operator has to end the waiting.
import { setTimeout as sleep } from 'node:timers/promises'
import { checksOf } from './readiness.ts'

const LOOK_EVERY_MS = 3000

export interface ReportWaitingOptions {
  readonly name: string
  readonly opsPort: number
  /** Takes each new reason, and that the waiting is over. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** Looks until the signal. A process that is away for a moment says nothing new. */
export const reportWaiting = async (
  { name, opsPort, note, signal }: ReportWaitingOptions,
  everyMs = LOOK_EVERY_MS,
): Promise<void> => {
  let told: string | undefined
  while (!signal.aborted) {
    const checks = await checksOf(opsPort)
    // One that is not ready is told elsewhere.
    if (checks?.every(({ ok }) => ok) === true) {
      const reasons = checks.flatMap(({ reason }) => reason ?? [])
      const reason = reasons.length === 0 ? undefined : reasons.join('; ')
      if (reason !== told) note(reason === undefined ? `  ${name} goes on.` : `  ${name} waits: ${reason}`)
      told = reason
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
