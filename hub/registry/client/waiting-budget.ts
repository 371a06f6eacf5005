// How long the packets of a stream may wait for unknown schemas, all together: there may be any number of damaged ids, and each would wait anew. Pure.

/** Time to wait comes back this much slower than it passes: a stream whose ids are all unknown is held up a sixtieth of the time. */
const SLOWER = 60

/** Where several ids are waited for at once, the time counts once. */
export class WaitingBudget {
  readonly #fullMs: number
  #leftMs: number
  #atMs: number
  #waiting = 0

  constructor(fullMs: number, nowMs: number) {
    this.#fullMs = fullMs
    this.#leftMs = fullMs
    this.#atMs = nowMs
  }

  /** What is left to wait. */
  leftMs(nowMs: number): number {
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    const change = this.#waiting > 0 ? -passedMs : passedMs / SLOWER
    this.#leftMs = Math.min(this.#fullMs, Math.max(0, this.#leftMs + change))
    return this.#leftMs
  }

  begin(nowMs: number): void {
    this.leftMs(nowMs)
    this.#waiting++
  }

  /** After a search that found its schema the budget is full again. */
  end(nowMs: number, wasInVain: boolean): void {
    this.leftMs(nowMs)
    this.#waiting--
    if (!wasInVain) this.#leftMs = this.#fullMs
  }
}
