// A batch that lies in the ring, as those who have it evaluated pass it on: where, and of which layout. Its columns are not read again on this side.
import { type Batch, type ColumnSet } from '../columns/batch.ts'
import { type EvaluateMessage } from './wire.ts'

export interface PlacedBatch {
  /** Number of its column set; see columns/layout-numbers.ts. */
  readonly layout: number
  readonly set: ColumnSet
  readonly message: Omit<EvaluateMessage, 'seq' | 'slots' | 'layout'>
}

/** What is said of a batch that was written at `offset` of the ring. */
export const placedBatch = (
  { set, rows, lists, text, binary }: Batch,
  layout: number,
  offset: number,
): PlacedBatch => ({
  layout,
  set,
  message: { offset, rows, items: lists.map(list => list.items), textUnits: text.length, binaryBytes: binary.length },
})
