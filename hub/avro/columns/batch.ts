// The shape of what the cursor fills: chosen fields of many alerts as columns. Equal in structure to the sandbox's batch, which this folder may not import.

/** Rows of one batch at most. */
export const MAX_ROWS = 256
/** Rows of one list in a batch at most, over all alerts of the batch. */
export const MAX_LIST_ROWS = 16_384
/** UTF-16 units of text in a batch at most. */
export const MAX_TEXT_UNITS = 262_144
/** Bytes of binary fields in a batch at most. */
export const MAX_BINARY_BYTES = 48 * 1024 * 1024
/** Upper 32 bits of a null cell: a quiet NaN that arithmetic does not produce. */
export const NULL_HIGH = 0x7ff8_6e75

/**
 * How the eight bytes of a cell are read; a cell whose upper 32 bits are NULL_HIGH is null in every kind.
 * - `number`, `int`, `boolean`: a float64 (`int` a whole number of 32 bits, boolean 0 or 1); any NaN of the packet is the plain one
 * - `long`: a signed 64-bit integer
 * - `string`: 0..127 is that one ASCII character; otherwise -(1 + i), where `text[i]` is the length and the UTF-16 units follow
 * - `binary`: offset * 2^24 + length into `binary`
 * - `present`: 1 when the nested record at this path is there, 0 when it is null
 */
export type ColumnKind = 'number' | 'int' | 'boolean' | 'long' | 'string' | 'binary' | 'present'

/** `path` is dotted from the record's root, or from the list's item. */
export interface Column {
  readonly path: string
  readonly kind: ColumnKind
}

/** An array of records: its items of all rows lie one after another. */
export interface ListColumns {
  readonly path: string
  readonly columns: readonly Column[]
}

export interface ColumnSet {
  readonly columns: readonly Column[]
  readonly lists: readonly ListColumns[]
}

/** Row r owns items starts[r] .. starts[r] + counts[r]; counts[r] = -1 where the array is null. */
export interface ListBatch {
  readonly items: number
  readonly starts: Float64Array
  readonly counts: Float64Array
  readonly columns: readonly Float64Array[]
}

/** Columns in the order of `set`; every array is exactly as long as its rows or items. Valid until the builder is reset. */
export interface Batch {
  readonly set: ColumnSet
  readonly rows: number
  /** Milliseconds since 1970 of each alert. */
  readonly times: Float64Array
  readonly ids: BigInt64Array
  readonly columns: readonly Float64Array[]
  readonly lists: readonly ListBatch[]
  readonly text: Uint16Array
  readonly binary: Uint8Array
}
