// Waits for what a running system does by itself. The limit is only there to end a test that will not pass.
import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 250

/** The first answer that is not undefined; throws after `limitMs`, naming what did not happen and the last answer of `state`. */
export const until = async <T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined>,
  state: () => string = () => '',
): Promise<T> => {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${limitMs / 1000} s. ${state()}`)
    await sleep(PAUSE_MS)
  }
}
