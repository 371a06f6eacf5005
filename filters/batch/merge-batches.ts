// Several small batches as one, for lanes whose filters cost much to ask: a container takes a millisecond of processor time for each question.
import {
  type Batch,
  type Column,
  type ColumnSet,
  MAX_BINARY_BYTES,
  MAX_LIST_ROWS,
  MAX_ROWS,
  MAX_TEXT_UNITS,
} from '#sandbox'
import { type LaneBatch } from './lane-batch.ts'

/** How many batches from the first on fit into one. At least one. */
export function countThatFit(batches: readonly LaneBatch[]): number {
  const items = new Map<string, number>()
  let [rows, text, binary] = [0, 0, 0]
  for (const [index, { columns }] of batches.entries()) {
    if (columns === undefined) continue
    rows += columns.rows
    text += columns.text.length
    binary += columns.binary.length
    columns.set.lists.forEach(({ path }, list) =>
      items.set(path, (items.get(path) ?? 0) + (columns.lists[list]?.items ?? 0)),
    )
    const isFull = rows > MAX_ROWS || text > MAX_TEXT_UNITS || binary > MAX_BINARY_BYTES
    if (isFull || [...items.values()].some(count => count > MAX_LIST_ROWS)) return Math.max(1, index)
  }
  return batches.length
}

/** One batch of all packets in their order, with the columns of `set`, which each of them carries. Releasing it releases all. */
export function mergeBatches(batches: readonly LaneBatch[], set: ColumnSet): LaneBatch {
  const [only] = batches
  if (only !== undefined && batches.length === 1) return only
  const parts = batches.flatMap(({ columns }) => columns ?? [])
  let base = 0
  const entries = batches.flatMap(batch => {
    const before = base
    base += batch.columns?.rows ?? 0
    return before === 0
      ? batch.entries
      : batch.entries.map(entry => (entry.row < 0 ? entry : { ...entry, row: entry.row + before }))
  })
  return {
    set,
    entries,
    columns: parts.length === 0 ? undefined : mergeColumns(parts, set),
    release: () => {
      for (const batch of batches) batch.release()
    },
  }
}

/** Where a part's text and bytes begin in the whole. */
interface Shift {
  readonly text: number
  readonly binary: number
}

function mergeColumns(parts: readonly Batch[], set: ColumnSet): Batch {
  const shifts: Shift[] = []
  let [rows, text, binary] = [0, 0, 0]
  for (const part of parts) {
    shifts.push({ text, binary })
    rows += part.rows
    text += part.text.length
    binary += part.binary.length
  }
  const whole = {
    times: new Float64Array(rows),
    ids: new BigInt64Array(rows),
    text: new Uint16Array(text),
    binary: new Uint8Array(binary),
  }
  let row = 0
  parts.forEach((part, index) => {
    const { text: textAt = 0, binary: binaryAt = 0 } = shifts[index] ?? {}
    whole.times.set(part.times, row)
    whole.ids.set(part.ids, row)
    whole.text.set(part.text, textAt)
    whole.binary.set(part.binary, binaryAt)
    row += part.rows
  })
  const columns = set.columns.map(column =>
    joinCells(
      column,
      rows,
      parts.map(part => part.columns[indexOf(part.set.columns, column)] ?? new Float64Array(part.rows)),
      shifts,
    ),
  )
  return { set, rows, ...whole, columns, lists: set.lists.map(list => mergeList(parts, list, rows, shifts)) }
}

function mergeList(
  parts: readonly Batch[],
  { path, columns }: ColumnSet['lists'][number],
  rows: number,
  shifts: readonly Shift[],
): Batch['lists'][number] {
  const theirs = parts.map(part => {
    const index = part.set.lists.findIndex(list => list.path === path)
    return { columns: part.set.lists[index]?.columns ?? [], list: part.lists[index] }
  })
  const items = theirs.reduce((sum, { list }) => sum + (list?.items ?? 0), 0)
  const starts = new Float64Array(rows)
  const counts = new Float64Array(rows)
  let [row, item] = [0, 0]
  for (const { list } of theirs) {
    counts.set(list?.counts ?? [], row)
    for (const start of list?.starts ?? []) starts[row++] = start + item
    item += list?.items ?? 0
  }
  return {
    items,
    starts,
    counts,
    columns: columns.map(column =>
      joinCells(
        column,
        items,
        theirs.map(
          ({ columns: known, list }) => list?.columns[indexOf(known, column)] ?? new Float64Array(list?.items ?? 0),
        ),
        shifts,
      ),
    ),
  }
}

const indexOf = (columns: readonly Column[], { path, kind }: Column): number =>
  columns.findIndex(column => column.path === path && column.kind === kind)

/** Cells one after another; those that point into text or bytes point to where these are now. A null cell is copied bit by bit. */
function joinCells(
  { kind }: Column,
  length: number,
  parts: readonly Float64Array[],
  shifts: readonly Shift[],
): Float64Array {
  const cells = new Float64Array(length)
  let at = 0
  parts.forEach((part, index) => {
    cells.set(part, at)
    const { text = 0, binary = 0 } = shifts[index] ?? {}
    if (kind === 'string' && text > 0) {
      for (let cell = at; cell < at + part.length; cell++) if ((cells[cell] ?? 0) < 0) cells[cell]! -= text
    } else if (kind === 'binary' && binary > 0) {
      for (let cell = at; cell < at + part.length; cell++)
        if ((cells[cell] ?? -1) >= 0) cells[cell]! += binary * 2 ** 24
    }
    at += part.length
  })
  return cells
}
