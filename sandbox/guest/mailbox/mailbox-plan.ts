// The plan of one filter's mailbox: the memory it shares with its host. In come the columns it reads, out goes where each lies, and behind them its verdicts.
import { type ColumnKind, type ColumnSet, MAX_LIST_ROWS, MAX_ROWS } from '../../columns/batch.ts'
import { recordTree, type RecordTree } from './record-tree.ts'

/** What a guest says of a batch that has to be evaluated again: some values were reached that are not carried; or views have to be like plain objects. */
export const RerunFlag = { values: 1, plain: 2 } as const

/** A column in the mailbox; `at` is the index of its first cell of eight bytes. */
export interface Cell {
  readonly path: string
  readonly kind: ColumnKind
  readonly at: number
}

export interface ListCells {
  readonly path: string
  readonly starts: number
  readonly counts: number
  readonly cells: readonly Cell[]
}

export interface MailboxPlan {
  readonly times: number
  readonly ids: number
  readonly cells: readonly Cell[]
  readonly lists: readonly ListCells[]
  readonly scores: number
  /** Indices of words of four bytes: a bit per row. */
  readonly passedWord: number
  readonly erroredWord: number
  /** A word of RerunFlag, and behind it a bit for each value that the filter can reach. */
  readonly rerunWord: number
  readonly records: RecordTree
  /** What is carried of the records, by name in the form of columns/wanted-columns.ts. */
  readonly places: ReadonlyMap<string, Cell | ListCells>
  readonly bytes: number
  readonly readsText: boolean
  readonly readsBinary: boolean
}

/** Lays a mailbox out; every column has room for the largest batch. */
export function planMailbox(reads: ColumnSet, offers: ColumnSet = reads): MailboxPlan {
  let next = 0
  const take = (cells: number): number => {
    const at = next
    next += cells
    return at
  }
  const times = take(MAX_ROWS)
  const ids = take(MAX_ROWS)
  const cells = reads.columns.map(({ path, kind }) => ({ path, kind, at: take(MAX_ROWS) }))
  const lists = reads.lists.map(({ path, columns }) => ({
    path,
    starts: take(MAX_ROWS),
    counts: take(MAX_ROWS),
    cells: columns.map(({ path, kind }) => ({ path, kind, at: take(MAX_LIST_ROWS) })),
  }))
  const kinds = [...cells, ...lists.flatMap(list => list.cells)].map(cell => cell.kind)
  const scores = take(MAX_ROWS)
  const passedWord = take(MAX_ROWS / 64) * 2
  const erroredWord = take(MAX_ROWS / 64) * 2
  const records = recordTree(offers)
  const rerunWord = take(Math.ceil((records.names.length + 32) / 64)) * 2
  const places = new Map<string, Cell | ListCells>([...cells, ...lists].map(each => [each.path, each]))
  for (const list of lists) for (const cell of list.cells) places.set(`${list.path}[].${cell.path}`, cell)
  const readsText = kinds.includes('string')
  const readsBinary = kinds.includes('binary')
  const words = { passedWord, erroredWord, rerunWord }
  return { times, ids, cells, lists, scores, ...words, records, places, bytes: next * 8, readsText, readsBinary }
}
