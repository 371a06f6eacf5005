// When a process that died is started again. A rule without clock or timer: deaths in, decision out.

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 15_000
/** Five deaths in a minute is "keeps dying". */
const WINDOW_MS = 60_000
const DEATHS_TO_GIVE_UP = 5

export interface Restart {
  readonly delayMs: number
  /** Five deaths within the last minute, this one included. */
  readonly keepsDying: boolean
}

/**
 * What follows the latest of `deathsMs` (times of deaths, ascending): the delay doubles with every death in the last minute,
 * from 0.5 to 15 s, and begins anew after a minute without one.
 */
export const afterDeath = (deathsMs: readonly number[]): Restart => {
  const latest = deathsMs.at(-1) ?? 0
  const recent = deathsMs.filter(at => latest - at < WINDOW_MS).length
  return {
    delayMs: Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, recent - 1)),
    keepsDying: recent >= DEATHS_TO_GIVE_UP,
  }
}
