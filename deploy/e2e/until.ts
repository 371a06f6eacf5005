// Waits for what a running system does by itself. The limit is only there to end a test that will not pass.
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 250
/** Limits are those of a busy machine of two cores; one that is so many times slower passes too. */
const SLOWER = 4

/** The first answer that is not undefined; throws after some times `limitMs`, naming what did not happen and the last answer of `state`. */
export const until = async <T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined>,
  state: () => string = () => '',
): Promise<T> => {
  const patienceMs = SLOWER * limitMs
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline)
      throw new Error(`${what} did not happen within ${patienceMs / 1000} s. ${state()}`)
    await sleep(PAUSE_MS)
  }
}
