// What a sandbox answers about a batch, row by row. In: bit sets of the rows that passed or failed, scores and annotations by row.
import { type Verdicts } from '#sandbox'

/**
 * For each row what filters said of it: index of the filter * 2 where it passed, + 1 where the filter failed on it; nothing where it was dropped. Rows come
 * before filters, so that a transaction may end between two rows.
 */
export function eventsByRow(verdicts: readonly Verdicts[], rows: number): (number[] | undefined)[] {
  const events: (number[] | undefined)[] = Array.from({ length: rows })
  const collect = (words: Uint32Array, code: number): void => {
    for (let word = 0; word < words.length; word++) {
      let bits = words[word] ?? 0
      while (bits !== 0) {
        const row = word * 32 + 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        const list = events[row]
        if (list === undefined) events[row] = [code]
        else list.push(code)
      }
    }
  }
  verdicts.forEach(({ passed, errored }, index) => {
    collect(passed, index * 2)
    collect(errored, index * 2 + 1)
  })
  return events
}

/** Score and annotations that a filter gave to a row; those it did not give are left out. */
export const extrasOf = ({ scores, annotations }: Verdicts, row: number): { score?: number; annotations?: string } => {
  const score = scores?.[row]
  const note = annotations?.get(row)
  return {
    ...(score === undefined || Number.isNaN(score) ? {} : { score }),
    ...(note === undefined ? {} : { annotations: note }),
  }
}
