// A process that is not ready yet is waited for as long as it does something, and the operator is told why. One that does nothing at all
// is as good as dead.
import { cpuSeconds } from '#filters'

/** When a process that is not ready is looked at. */
export interface StartLimits {
  readonly everyMs: number
  /** From then on the operator is told why it takes so long. */
  readonly slowMs: number
  /** Without CPU time for so long it is ended and started again. */
  readonly stillMs: number
  /** So is one that is busy with something else than getting ready. */
  readonly limitMs: number
}
export const START_LIMITS: StartLimits = { everyMs: 5000, slowMs: 20_000, stillMs: 120_000, limitMs: 1_800_000 }

export interface Start {
  readonly pid: number | undefined
  readonly looks: StartLimits
  /** Called when the reason is another one than the last that was told. */
  readonly onSlow: (reason: string) => void
  /** Called once the process is as good as dead. */
  readonly onDead: (why: string) => void
}

export interface WatchedStart {
  /** Takes why the process is not ready yet. */
  readonly say: (reason: string) => void
  /** It is ready, or has ended. */
  readonly end: () => void
}

export const watchStart = ({ pid, looks, onSlow, onDead }: Start): WatchedStart => {
  const { everyMs, slowMs, stillMs, limitMs } = looks
  const begunMs = performance.now()
  let [hadSeconds, movedMs] = [0, begunMs]
  let reason: string | undefined
  let told: string | undefined
  const look = (): void => {
    const nowMs = performance.now()
    if (nowMs - begunMs >= slowMs && reason !== undefined && reason !== told) {
      told = reason
      onSlow(reason)
    }
    const seconds = pid === undefined ? 0 : cpuSeconds(pid)
    if (seconds !== hadSeconds) movedMs = nowMs
    hadSeconds = seconds
    const why = reason === undefined ? '' : `: ${reason}`
    if (nowMs - movedMs >= stillMs) onDead(`not ready, and it has done nothing for ${stillMs / 1000} s${why}`)
    else if (nowMs - begunMs >= limitMs) onDead(`not ready after ${limitMs / 1000} s${why}`)
  }
  const timer = setInterval(look, everyMs)
  return { say: text => void (reason = text), end: () => clearInterval(timer) }
}
