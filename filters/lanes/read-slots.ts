// Slots for lanes that read the topic for themselves: so many read at once, the others wait in order. However many lag, what they hold in memory and take from the
// broker stays bounded.

/** A slot is to be given back when it was held this long and somebody else waits. */
const SLOT_MS = 10_000

export interface ReadSlot {
  /** Whether it is time to give it back because others wait. */
  readonly isOver: boolean
  release(): void
}

/** At most `count` slots at once, in the order they were asked for. */
export class ReadSlots {
  readonly #slotMs: number
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number, slotMs = SLOT_MS) {
    this.#free = count
    this.#slotMs = slotMs
  }

  /** Resolves with a slot, or with undefined when the signal was aborted. */
  acquire(signal: AbortSignal): Promise<ReadSlot | undefined> {
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

  #begin(): ReadSlot {
    const startedMs = performance.now()
    let isReleased = false
    const isOver = (): boolean => this.#waiting.length > 0 && performance.now() - startedMs > this.#slotMs
    return {
      get isOver() {
        return isOver()
      },
      release: () => {
        if (isReleased) return
        isReleased = true
        const next = this.#waiting.shift()
        if (next === undefined) this.#free++
        else next()
      },
    }
  }
}
