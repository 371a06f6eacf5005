// How many refusals are written down: a flood of them must not become a flood of records. Pure.

export interface Allowance {
  /** How many were passed over since the last one, or undefined if this one is to be passed over too. */
  take(nowMs: number): number | undefined
}

/** `perSecond` on average, and as many at once. */
export function openAllowance(perSecond: number): Allowance {
  let left = perSecond
  let omitted = 0
  let lastMs: number | undefined
  return {
    take(nowMs) {
      left = Math.min(perSecond, left + (Math.max(0, nowMs - (lastMs ?? nowMs)) / 1000) * perSecond)
      lastMs = nowMs
      if (left < 1) {
        omitted += 1
        return undefined
      }
      left -= 1
      const passed = omitted
      omitted = 0
      return passed
    },
  }
}
