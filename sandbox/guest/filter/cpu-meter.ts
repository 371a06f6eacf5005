// CPU time of a call into an isolate. The kernel's figure for a thread moves in steps of a scheduler tick, which is longer than most calls; so a short call
// is charged its wall time times the share of wall time this thread got of late, and a long one what the kernel says.

/** Calls of at least this long are measured directly. */
const DIRECT_MS = 40
/** How much wall time the share is taken over. */
const WINDOW_MS = 2000

interface Sources {
  /** Wall clock in milliseconds. */
  readonly now: () => number
  /** CPU time of this thread so far in milliseconds. */
  readonly threadCpuMs: () => number
}

export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** A meter for calls that follow one another on one thread. */
export function openCpuMeter({ now, threadCpuMs }: Sources) {
  let wallMs = 0
  let cpuMs = 0
  let startedAt = 0
  let cpuAtStart = 0
  return {
    begin(): void {
      startedAt = now()
      cpuAtStart = threadCpuMs()
    },
    /** Milliseconds of CPU time since `begin`. */
    end(): number {
      const wall = now() - startedAt
      const cpu = threadCpuMs() - cpuAtStart
      wallMs += wall
      cpuMs += cpu
      if (wallMs > WINDOW_MS) {
        wallMs /= 2
        cpuMs /= 2
      }
      if (wall >= DIRECT_MS) return cpu
      // Before the first second there is too little to tell the share from.
      const share = wallMs < WINDOW_MS / 2 ? 1 : Math.min(1, cpuMs / wallMs)
      return wall * share
    },
  }
}

export type CpuMeter = ReturnType<typeof openCpuMeter>
