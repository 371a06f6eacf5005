// Plain objects → a batch, for tests: the slow and obvious way, independent of the engine's builder.
import { type Batch, type Column, type ColumnSet, NULL_HIGH } from '../columns/batch.ts'

export interface BatchSource {
  readonly set: ColumnSet
  readonly records: readonly object[]
  /** Milliseconds since 1970; default: one second apart from 1.7e12. */
  readonly times?: readonly number[]
  /** Default: 1, 2, 3… */
  readonly ids?: readonly bigint[]
}

const at = (record: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined,
      record,
    )

/** Builds the columns of `set` from records; absent values are null. */
export function batchOf({ set, records, times, ids }: BatchSource): Batch {
  const text: number[] = []
  const binary: number[] = []
  const texts = new Map<string, number>()

  const cellOf = (
    words: Uint32Array,
    cells: Float64Array,
    index: number,
    kind: Column['kind'],
    value: unknown,
  ): void => {
    if (kind === 'present') {
      cells[index] = value === undefined || value === null ? 0 : 1
      return
    }
    if (value === undefined || value === null) {
      words[2 * index] = 0
      words[2 * index + 1] = NULL_HIGH
      return
    }
    if (kind === 'long') new BigInt64Array(cells.buffer)[index] = value as bigint
    else if (kind === 'string') cells[index] = textCell(value as string)
    else if (kind === 'binary') {
      const bytes = value as Uint8Array
      cells[index] = binary.length * 2 ** 24 + bytes.length
      binary.push(...bytes)
    } else cells[index] = Number(value)
  }
  const textCell = (value: string): number => {
    if (value.length === 1 && value.charCodeAt(0) < 128) return value.charCodeAt(0)
    const known = texts.get(value)
    if (known !== undefined) return known
    const cell = -(1 + text.length)
    text.push(value.length)
    for (let i = 0; i < value.length; i++) text.push(value.charCodeAt(i))
    texts.set(value, cell)
    return cell
  }
  const columnOf = ({ path, kind }: Column, items: readonly unknown[]): Float64Array => {
    const cells = new Float64Array(items.length)
    const words = new Uint32Array(cells.buffer)
    for (const [index, item] of items.entries()) cellOf(words, cells, index, kind, at(item, path))
    return cells
  }

  const rows = records.length
  const columns = set.columns.map(column => columnOf(column, records))
  const lists = set.lists.map(list => {
    const arrays = records.map(record => at(record, list.path) as readonly unknown[] | null | undefined)
    const counts = Float64Array.from(arrays, array => array?.length ?? -1)
    const starts = new Float64Array(rows)
    let items = 0
    for (let row = 0; row < rows; row++) {
      starts[row] = items
      items += Math.max(0, counts[row] ?? 0)
    }
    const all = arrays.flatMap(array => array ?? [])
    return { items, starts, counts, columns: list.columns.map(column => columnOf(column, all)) }
  })
  return {
    set,
    rows,
    times: Float64Array.from(records, (_, row) => times?.[row] ?? 1.7e12 + row * 1000),
    ids: BigInt64Array.from(records, (_, row) => ids?.[row] ?? BigInt(row + 1)),
    columns,
    lists,
    text: Uint16Array.from(text),
    binary: Uint8Array.from(binary),
  }
}
