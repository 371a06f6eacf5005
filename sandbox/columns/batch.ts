// What a sandbox evaluates. In come the chosen fields of up to MAX_ROWS records as columns; nothing goes out from here: this is the shape that all rooms share.
// The sandbox knows paths and kinds, never what they mean.

/** Rows of one batch at most; a sandbox refuses more. */
export const MAX_ROWS = 256
/** Rows of one list group in a batch at most, over all records of the batch. */
export const MAX_LIST_ROWS = 16_384
/** UTF-16 units of text in a batch at most. */
export const MAX_TEXT_UNITS = 262_144
/** Bytes of binary fields (cutouts) in a batch at most. */
export const MAX_BINARY_BYTES = 48 * 1024 * 1024

/**
 * How the eight bytes of a cell are read. A cell whose upper 32 bits are NULL_HIGH is null in every kind; writers store any other NaN as the plain one.
 * - `number`, `int`, `boolean`: a float64 (`int` a whole number of 32 bits, which languages with integers give as one; boolean 0 or 1)
 * - `long`: a signed 64-bit integer
 * - `string`: 0..127 is that one ASCII character; otherwise -(1 + i), where `text[i]` is the length and the UTF-16 units follow
 * - `binary`: offset * 2^24 + length into `binary`
 * - `present`: 1 when the nested record at this path is there, 0 when it is null
 */
export type ColumnKind = 'number' | 'int' | 'boolean' | 'long' | 'string' | 'binary' | 'present'

/** Upper 32 bits of a null cell: a quiet NaN that arithmetic does not produce. */
export const NULL_HIGH = 0x7ff8_6e75

/** `path` is dotted from the record's root, or from the list's item: `diaSource.psfFlux`, `psfFlux`. */
export interface Column {
  readonly path: string
  readonly kind: ColumnKind
}

/** An array of records: its items of all rows lie one after another. */
export interface ListColumns {
  readonly path: string
  /** How many columns of its set come before it in the schema; absent where the order does not matter. */
  readonly after?: number
  readonly columns: readonly Column[]
}

/** Which columns a batch carries, or a filter reads. */
export interface ColumnSet {
  readonly columns: readonly Column[]
  readonly lists: readonly ListColumns[]
}

/** A list's columns in a batch: row r owns items starts[r] .. starts[r] + counts[r]; counts[r] = -1 where the array is null. */
export interface ListBatch {
  readonly items: number
  readonly starts: Float64Array
  readonly counts: Float64Array
  readonly columns: readonly Float64Array[]
}

/** Columns in the order of `set`; every array is exactly as long as its rows or items. Valid until the producer reuses its memory. */
export interface Batch {
  readonly set: ColumnSet
  readonly rows: number
  /** Milliseconds since 1970 of each record: the clock its filter sees. */
  readonly times: Float64Array
  /** Id of each record: the seed of the randomness its filter sees. */
  readonly ids: BigInt64Array
  readonly columns: readonly Float64Array[]
  readonly lists: readonly ListBatch[]
  readonly text: Uint16Array
  readonly binary: Uint8Array
}
