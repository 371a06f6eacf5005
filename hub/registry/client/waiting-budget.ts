// How long packets of a stream may wait for schemas that are not there, over all of them: damaged ids are without end, and each would wait anew. Pure.

/** Time comes back this much slower than it passes: a stream that never ends to have unknown ids is held up a sixtieth of the time. */
const SLOWER = 60

/** Of several that wait at once time is taken for one. */
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

  /** Waiting that was not in vain costs nothing. */
  end(nowMs: number, wasInVain: boolean): void {
    this.leftMs(nowMs)
    this.#waiting--
    if (!wasInVain) this.#leftMs = this.#fullMs
  }
}
