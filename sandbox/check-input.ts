// What callers hand over is checked before anything is generated from it or written for it: mistakes of ours, not of authors.
import {
  type Batch,
  type ColumnSet,
  MAX_BINARY_BYTES,
  MAX_LIST_ROWS,
  MAX_ROWS,
  MAX_TEXT_UNITS,
} from './columns/batch.ts'
import { carries } from './columns/wanted-columns.ts'
import { SandboxError, type SandboxErrorCode } from './errors.ts'
import { type Program, type Runtime } from './sandbox.ts'

/** Paths become names in generated source: identifiers joined by dots, nothing else. */
const PATH = /^[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99}){0,7}$/
/** Names with which a view would not be what it looks like. */
const RESERVED = new Set(['__proto__', 'toJSON'])
const MAX_COLUMNS = 10_000

function problemOfSet({ columns, lists }: ColumnSet): string | undefined {
  const all = [...columns, ...lists.flatMap(list => [{ path: list.path }, ...list.columns])]
  if (all.length > MAX_COLUMNS) return `it has ${all.length} columns; ${MAX_COLUMNS} are allowed`
  const bad = all.find(({ path }) => !PATH.test(path) || path.split('.').some(name => RESERVED.has(name)))
  if (bad !== undefined) return `the column path ${JSON.stringify(bad.path)} is not a dotted name`
  const leaves = [...columns.filter(column => column.kind !== 'present'), ...lists].map(({ path }) => path)
  const records = new Set(
    [...columns, ...lists].flatMap(({ path }) =>
      path
        .split('.')
        .slice(0, -1)
        .map((_, i, names) => names.slice(0, i + 1).join('.')),
    ),
  )
  const both = leaves.find((path, index) => records.has(path) || leaves.indexOf(path) !== index)
  return both === undefined ? undefined : `the path ${both} is there twice, or is a field and a record`
}

const problemOfOffer = (offers: ColumnSet, reads: ColumnSet): string | undefined =>
  carries(offers, reads) ? undefined : 'it reads columns that it is not offered'

/** Throws SANDBOX_PROGRAM_INVALID, or SANDBOX_COLUMNS_INVALID where nothing is wrong with the program itself. */
export function checkProgram({ id, runtime, reads, offers, limits }: Program, here: Runtime = 'isolate'): void {
  const refuse = (why: string, code: SandboxErrorCode = 'SANDBOX_PROGRAM_INVALID'): never => {
    throw new SandboxError(code, `Program ${JSON.stringify(id)} cannot be loaded: ${why}.`)
  }
  if (id === '' || id.length > 200) refuse('its id is empty or longer than 200 characters')
  if (runtime !== here) refuse(`it is for the ${runtime} runtime, and this is the ${here} runtime`)
  const problem = problemOfSet(reads) ?? (offers && (problemOfSet(offers) ?? problemOfOffer(offers, reads)))
  if (problem !== undefined) refuse(problem, 'SANDBOX_COLUMNS_INVALID')
  for (const [name, value] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 0 || value > 1e9)
      refuse(`its limit ${name} is ${value}, not a sensible integer`)
  if (limits.batchMs < 1 || limits.memoryMb < 1) refuse('its limits leave it no time or no memory')
}

/** Throws SANDBOX_BATCH_INVALID. */
export function checkBatch({ set, rows, times, ids, columns, lists, text, binary }: Batch): void {
  const fits =
    Number.isInteger(rows) &&
    rows > 0 &&
    rows <= MAX_ROWS &&
    times.length === rows &&
    ids.length === rows &&
    columns.length === set.columns.length &&
    columns.every(column => column.length === rows) &&
    lists.length === set.lists.length &&
    text.length <= MAX_TEXT_UNITS &&
    binary.length <= MAX_BINARY_BYTES &&
    lists.every(
      (list, index) =>
        list.items <= MAX_LIST_ROWS &&
        list.starts.length === rows &&
        list.counts.length === rows &&
        list.columns.length === set.lists[index]?.columns.length &&
        list.columns.every(column => column.length === list.items),
    )
  if (fits) return
  throw new SandboxError(
    'SANDBOX_BATCH_INVALID',
    `A batch of ${rows} rows cannot be evaluated: its arrays do not fit its set of ${set.columns.length} columns and ${set.lists.length} lists, or it is larger than batch.ts allows.`,
  )
}
