// Verdicts on parts of a batch, evaluated one after another, as those on the whole.
import { type Verdicts } from '#sandbox'

const has = (words: Uint32Array, row: number): boolean => (((words[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1

function set(words: Uint32Array, row: number): void {
  words[row >>> 5] = (words[row >>> 5] ?? 0) | (1 << (row & 31))
}

/** Of at least one part. A part that failed or wants more speaks for all, with the CPU time of all. */
export function joinVerdicts(parts: readonly { readonly rows: number; readonly verdicts: Verdicts }[]): Verdicts {
  const [first] = parts
  if (first === undefined) throw new TypeError('there are no verdicts to join')
  const cpuMs = parts.reduce((sum, { verdicts }) => sum + verdicts.cpuMs, 0)
  const ending = parts.find(({ verdicts: { failure, wants } }) => failure !== undefined || wants !== undefined)
  if (ending !== undefined) return { ...ending.verdicts, cpuMs }
  if (parts.length === 1) return first.verdicts

  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const passed = new Uint32Array((rows + 31) >>> 5)
  const errored = new Uint32Array((rows + 31) >>> 5)
  const scores = new Float64Array(rows).fill(Number.NaN)
  const annotations = new Map<number, string>()
  let firstError: Verdicts['firstError']
  let from = 0
  for (const { rows: count, verdicts } of parts) {
    for (let row = 0; row < count; row++) {
      if (has(verdicts.passed, row)) set(passed, from + row)
      if (has(verdicts.errored, row)) set(errored, from + row)
      scores[from + row] = verdicts.scores?.[row] ?? Number.NaN
    }
    for (const [row, json] of verdicts.annotations ?? []) annotations.set(from + row, json)
    if (firstError === undefined && verdicts.firstError !== undefined)
      firstError = { ...verdicts.firstError, row: from + verdicts.firstError.row }
    from += count
  }
  const all = parts.map(({ verdicts }) => verdicts)
  return {
    filter: first.verdicts.filter,
    version: first.verdicts.version,
    passed,
    errored,
    ...(all.some(part => part.scores !== undefined) ? { scores } : {}),
    ...(annotations.size > 0 ? { annotations } : {}),
    ...(firstError === undefined ? {} : { firstError }),
    logs: all.flatMap(part => part.logs),
    logsDropped: all.reduce((sum, part) => sum + part.logsDropped, 0),
    cpuMs,
    ...(all.some(part => part.isSlow === true) ? { isSlow: true } : {}),
  }
}
