// Where the parts of a batch lie in its frame: the same computation on both sides of the ring. All cells are aligned to eight bytes.
import { type ColumnSet } from './batch.ts'

export interface FrameShape {
  readonly rows: number
  readonly items: readonly number[]
  readonly textUnits: number
  readonly binaryBytes: number
}

/** Indices are of eight-byte cells from the frame's start, except the two that say bytes. */
export interface FrameMap {
  readonly times: number
  readonly ids: number
  readonly columns: readonly number[]
  readonly lists: readonly { readonly starts: number; readonly counts: number; readonly columns: readonly number[] }[]
  readonly textByte: number
  readonly binaryByte: number
  readonly bytes: number
}

/** Lays out times, ids, columns, then each list's starts, counts and columns, then text, then binary. */
export function mapFrame(set: ColumnSet, { rows, items, textUnits, binaryBytes }: FrameShape): FrameMap {
  let next = 0
  const take = (cells: number): number => {
    const at = next
    next += cells
    return at
  }
  const times = take(rows)
  const ids = take(rows)
  const columns = set.columns.map(() => take(rows))
  const lists = set.lists.map((list, index) => ({
    starts: take(rows),
    counts: take(rows),
    columns: list.columns.map(() => take(items[index] ?? 0)),
  }))
  const textByte = next * 8
  next += Math.ceil(textUnits / 4)
  const binaryByte = next * 8
  next += Math.ceil(binaryBytes / 8)
  return { times, ids, columns, lists, textByte, binaryByte, bytes: next * 8 }
}
