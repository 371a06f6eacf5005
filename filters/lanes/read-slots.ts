// Lanes that read the topic for themselves take turns, so that however many lag, what they hold in memory and take from the broker stays bounded.

/** A turn is over when it took this long and somebody else waits. */
const TURN_MS = 10_000

export interface Turn {
  /** Whether it is time to give it back because others wait. */
  readonly isOver: boolean
  give(): void
}

/** At most `count` turns at once, in the order they were asked for. */
export class Turns {
  readonly #turnMs: number
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number, turnMs = TURN_MS) {
    this.#free = count
    this.#turnMs = turnMs
  }

  /** Resolves with a turn, or with undefined when the signal was aborted. */
  take(signal: AbortSignal): Promise<Turn | undefined> {
    return new Promise(resolve => {
      const begin = (): void => {
        signal.removeEventListener('abort', cancel)
        resolve(this.#begin())
      }
      const cancel = (): void => {
        const place = this.#waiting.indexOf(begin)
        if (place >= 0) this.#waiting.splice(place, 1)
        resolve(undefined)
      }
      if (signal.aborted) resolve(undefined)
      else if (this.#free > 0) {
        this.#free--
        begin()
      } else {
        this.#waiting.push(begin)
        signal.addEventListener('abort', cancel, { once: true })
      }
    })
  }

  #begin(): Turn {
    const startedMs = performance.now()
    let isGiven = false
    const isOver = (): boolean => this.#waiting.length > 0 && performance.now() - startedMs > this.#turnMs
    return {
      get isOver() {
        return isOver()
      },
      give: () => {
        if (isGiven) return
        isGiven = true
        const next = this.#waiting.shift()
        if (next === undefined) this.#free++
        else next()
      },
    }
  }
}
