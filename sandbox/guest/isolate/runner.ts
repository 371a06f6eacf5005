// Inside an isolate: one call a batch. In come the rows of the mailbox, out go bits in it and a number or a text: every catch is inside, and nothing else leaves.
/* oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here on purpose; they are called through `apply` */
import { type Blobs } from './blobs.ts'
import { type Clock } from './lockdown.ts'
import { type Log } from './log.ts'
import { type Primordials } from './primordials.ts'
import { type ResultReader } from './read-result.ts'

/** What the generated views offer: row views up to a count, and a new epoch for each batch. */
export interface Views {
  begin(rows: number): readonly object[]
}

/** Indices into the mailbox: cells of eight bytes, except the two of words of four. */
export interface RunnerPlan {
  readonly times: number
  readonly ids: number
  readonly passedWord: number
  readonly erroredWord: number
  readonly rerunWord: number
}

/** The clock of the record under evaluation; `state.row` is -1 while the module loads. */
export function openClock({ imul }: Primordials, cells: Float64Array, words: Uint32Array, plan: RunnerPlan) {
  const state = { row: -1, seeded: -2 }
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  /** sfc32: small, fast, the same on every machine. */
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  const clock: Clock = {
    now: () => (state.row < 0 ? 0 : (cells[plan.times + state.row] as number)),
    random() {
      if (state.seeded !== state.row) {
        state.seeded = state.row
        const at = 2 * (plan.ids + state.row)
        a = state.row < 0 ? 0 : imul(words[at] as number, 0x9e3779b1)
        b = state.row < 0 ? 0 : imul(words[at + 1] as number, 0x85ebca6b)
        c = 0x5ca1ab1e
        d = 1
        for (let i = 0; i < 12; i++) next()
      }
      return ((next() >>> 6) * 134_217_728 + (next() >>> 5)) / 9_007_199_254_740_992
    },
  }
  return { state, clock }
}

/** What the host holds of an isolate. */
export function openRunner(
  { apply, sliceText }: Primordials,
  parts: {
    words: Uint32Array
    views: Views
    blobs: Blobs
    log: Log
    results: ResultReader
    state: { row: number; seeded: number }
  },
  plan: RunnerPlan,
) {
  const { words, views, blobs, log, results, state } = parts
  let filter: ((alert: object) => unknown) | undefined
  return {
    attach: blobs.attach,
    /** Takes the module's exports. Returns its description behind a D, or a word on what is missing behind an N. */
    bind(exports: { filter?: unknown; default?: unknown; description?: unknown }): string {
      try {
        const candidate = exports.filter ?? exports.default
        if (typeof candidate !== 'function') return `N${candidate === undefined ? 'nothing' : typeof candidate}`
        filter = candidate as (alert: object) => unknown
        const { description } = exports
        return `D${typeof description === 'string' ? apply(sliceText, description, [0, 500]) : ''}`
      } catch {
        return 'Nawait'
      }
    },
    /** Evaluates the first `rows` rows of the mailbox. Returns 1 when there are scores, else 0; as text, with JSON behind it, when there is more to say. */
    run(rows: number): number | string {
      const user = filter as (alert: object) => unknown
      words[plan.rerunWord] = 0
      blobs.begin()
      const alerts = views.begin(rows)
      log.begin()
      results.begin()
      state.seeded = -2
      for (let first = 0; first < rows; first += 32) {
        let passed = 0
        let errored = 0
        const count = rows - first < 32 ? rows - first : 32
        for (let bit = 0; bit < count; bit++) {
          const row = first + bit
          state.row = row
          let verdict
          try {
            verdict = user(alerts[row] as object)
          } catch (thrown) {
            errored |= 1 << bit
            results.fail(row, thrown)
            continue
          }
          if (verdict === true) passed |= 1 << bit
          else if (verdict !== false) {
            const code = results.read(row, verdict)
            if (code === 1) passed |= 1 << bit
            else if (code === 2) errored |= 1 << bit
          }
        }
        words[plan.passedWord + (first >>> 5)] = passed
        words[plan.erroredWord + (first >>> 5)] = errored
      }
      // It is evaluated again: nothing of this counts.
      if (words[plan.rerunWord] !== 0) return 0
      const scored = results.scored() ? 1 : 0
      const said = results.take()
      const logged = log.take()
      if (said === '' && logged === '') return scored
      return `${scored}{${said}${said !== '' && logged !== '' ? ',' : ''}${logged}}`
    },
  }
}
