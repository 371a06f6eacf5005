// A batch read back as plain values: for tests and for people who look at one.
import { type Batch, type ColumnKind, NULL_HIGH } from './batch.ts'

export type CellValue = null | number | bigint | boolean | string | Buffer

const BINARY_UNIT = 2 ** 24

/** The value of a column's cell. */
export const readCell = (batch: Batch, column: Float64Array, kind: ColumnKind, row: number): CellValue => {
  const view = new DataView(column.buffer, column.byteOffset + 8 * row, 8)
  if (view.getUint32(4, true) === NULL_HIGH) return null
  if (kind === 'long') return view.getBigInt64(0, true)
  const cell = view.getFloat64(0, true)
  if (kind === 'string') return cell >= 0 ? String.fromCharCode(cell) : textAt(batch.text, -1 - cell)
  if (kind === 'binary') {
    const offset = Math.floor(cell / BINARY_UNIT)
    return Buffer.from(batch.binary.subarray(offset, offset + (cell % BINARY_UNIT)))
  }
  return kind === 'boolean' || kind === 'present' ? cell === 1 : cell
}

const textAt = (units: Uint16Array, index: number): string =>
  Buffer.from(units.slice(index + 1, index + 1 + (units[index] ?? 0)).buffer).toString('utf16le')
