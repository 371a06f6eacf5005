// The memory of one batch and where each column lies in it. Layouts are equal for equal column sets, so generated code can hold them as literals.
import { type ColumnKind, type ColumnSet, MAX_BINARY_BYTES, MAX_LIST_ROWS, MAX_ROWS, MAX_TEXT_UNITS } from './batch.ts'
import { TextDictionary } from './text-dictionary.ts'

/** What a batch holds at most. */
export interface BatchLimits {
  readonly maxRows: number
  readonly maxListRows: number
  readonly maxTextUnits: number
  readonly maxBinaryBytes: number
}

export const BATCH_LIMITS: BatchLimits = {
  maxRows: MAX_ROWS,
  maxListRows: MAX_LIST_ROWS,
  maxTextUnits: MAX_TEXT_UNITS,
  maxBinaryBytes: MAX_BINARY_BYTES,
}

/** A column's first cell. */
interface Place {
  readonly path: string
  readonly kind: ColumnKind
  readonly cell: number
}

export interface ListPlaces {
  readonly path: string
  /** Which of the batch's lists it is. */
  readonly index: number
  readonly starts: number
  readonly counts: number
  readonly columns: readonly Place[]
}

/** Cells of eight bytes, column after column; the first three columns are always there. */
export interface Layout {
  readonly limits: BatchLimits
  /** Int64 of each row. */
  readonly ids: number
  readonly visits: number
  /** The stream's own time while a row is read, Unix milliseconds after. */
  readonly times: number
  readonly columns: readonly Place[]
  readonly lists: readonly ListPlaces[]
  readonly cells: number
  readonly hasBinary: boolean
  /** Equal for equal layouts. */
  readonly key: string
}

export const layoutOf = (set: ColumnSet, limits: BatchLimits): Layout => {
  let cells = 0
  const take = (rows: number): number => (cells += rows) - rows
  const places = (columns: ColumnSet['columns'], rows: number): Place[] =>
    columns.map(({ path, kind }) => ({ path, kind, cell: take(rows) }))
  const [ids, visits, times] = [take(limits.maxRows), take(limits.maxRows), take(limits.maxRows)]
  const columns = places(set.columns, limits.maxRows)
  const lists = set.lists.map(({ path, columns }, index) => ({
    path,
    index,
    starts: take(limits.maxRows),
    counts: take(limits.maxRows),
    columns: places(columns, limits.maxListRows),
  }))
  const hasBinary = [set, ...set.lists].some(({ columns }) => columns.some(({ kind }) => kind === 'binary'))
  const key = JSON.stringify([limits, columns, lists])
  return { limits, ids, visits, times, columns, lists, cells, hasBinary, key }
}

/** The cells of a batch under three readings, and its text and binary areas. */
export interface BatchMemory {
  readonly layout: Layout
  readonly numbers: Float64Array
  readonly words: Uint32Array
  readonly longs: BigInt64Array
  readonly text: TextDictionary
  readonly binary: Uint8Array
  binaryLength: number
  /** Items of each list so far. */
  readonly items: Int32Array
}

export const openMemory = (layout: Layout): BatchMemory => {
  const cells = new ArrayBuffer(layout.cells * 8)
  return {
    layout,
    numbers: new Float64Array(cells),
    words: new Uint32Array(cells),
    longs: new BigInt64Array(cells),
    text: new TextDictionary(layout.limits.maxTextUnits),
    binary: new Uint8Array(layout.hasBinary ? layout.limits.maxBinaryBytes : 0),
    binaryLength: 0,
    items: new Int32Array(layout.lists.length),
  }
}
