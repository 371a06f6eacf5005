// A queue of several parties' tasks (checks and trials of accounts): so many run at once, parties take turns, and none can take every place.
import { FilterError } from '../errors.ts'

export interface FairQueueOptions {
  /** Tasks that run at the same time. */
  readonly atOnce: number
  /** Of one party. Below `atOnce`, a party whose tasks hang leaves places for the others. */
  readonly perParty: number
  /** Tasks of one party that may wait. */
  readonly waiting: number
}

interface Party {
  readonly waiting: (() => void)[]
  running: number
  /** Which turn its newest was; 0 before its first. */
  turn: number
}

export class FairQueue {
  readonly #options: FairQueueOptions
  /** Those with something that waits or runs. */
  readonly #parties = new Map<string, Party>()
  #running = 0
  #turn = 0

  constructor(options: FairQueueOptions) {
    this.#options = options
  }

  /** Runs `work` when it is that party's turn. Throws FilterError FILTER_BUSY where too much of that party waits; else what `work` does. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const party = this.#parties.get(name) ?? { waiting: [], running: 0, turn: 0 }
    const { waiting } = this.#options
    if (party.waiting.length >= waiting) {
      const message = `${waiting} filters of yours wait to be looked at; try again when they are done.`
      throw new FilterError('FILTER_BUSY', message)
    }
    this.#parties.set(name, party)
    const { promise, resolve } = Promise.withResolvers<void>()
    party.waiting.push(resolve)
    this.#next()
    await promise
    try {
      return await work()
    } finally {
      this.#running--
      party.running--
      if (party.running === 0 && party.waiting.length === 0) this.#parties.delete(name)
      this.#next()
    }
  }

  /** Begins what there is room for: the party with the fewest that run is first, and of those the one whose last turn is longest ago. */
  #next(): void {
    const { atOnce, perParty } = this.#options
    while (this.#running < atOnce) {
      const [party] = [...this.#parties.values()]
        .filter(({ waiting, running }) => waiting.length > 0 && running < perParty)
        .toSorted((a, b) => a.running - b.running || a.turn - b.turn)
      if (party === undefined) return
      this.#running++
      party.running++
      party.turn = ++this.#turn
      party.waiting.shift()?.()
    }
  }
}
