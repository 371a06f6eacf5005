// Copies what one filter reads from a batch into its mailbox. Where each column lies is worked out once per filter and layout.
import { MAX_LIST_ROWS, MAX_ROWS, NULL_HIGH, type Column } from '../../columns/batch.ts'
import { type Frame } from './frame-reader.ts'
import { type Cell, type MailboxPlan } from './mailbox-plan.ts'

interface Moves {
  /** Column of the batch → first cell of the mailbox. */
  readonly columns: readonly (readonly [from: number, to: number])[]
  readonly lists: readonly {
    readonly from: number
    readonly starts: number
    readonly counts: number
    readonly columns: readonly (readonly [from: number, to: number])[]
  }[]
}

/** The mailbox's own memory, private to one isolate and this host. */
export interface Mailbox {
  readonly plan: MailboxPlan
  readonly shared: SharedArrayBuffer
  readonly cells: Float64Array
  readonly words: Uint32Array
}

export function openMailbox(plan: MailboxPlan): Mailbox {
  const shared = new SharedArrayBuffer(plan.bytes)
  return { plan, shared, cells: new Float64Array(shared), words: new Uint32Array(shared) }
}

const indexOf = (columns: readonly Column[], { path, kind }: Cell): number =>
  columns.findIndex(column => column.path === path && column.kind === kind)

function fillNull({ words }: Mailbox, at: number, cells: number): void {
  for (let cell = at; cell < at + cells; cell++) {
    words[2 * cell] = 0
    words[2 * cell + 1] = NULL_HIGH
  }
}

/** Matches a filter's columns with a layout's; what the layout lacks is null. */
function planMoves(mailbox: Mailbox, frame: Frame): Moves {
  const { plan, cells } = mailbox
  const match = (offered: readonly Column[], wanted: readonly Cell[], capacity: number): [number, number][] => {
    const pairs: [number, number][] = []
    for (const cell of wanted) {
      const from = indexOf(offered, cell)
      if (from < 0) fillNull(mailbox, cell.at, capacity)
      else pairs.push([from, cell.at])
    }
    return pairs
  }
  const columns = match(frame.set.columns, plan.cells, MAX_ROWS)
  const lists = plan.lists.flatMap(list => {
    const from = frame.set.lists.findIndex(({ path }) => path === list.path)
    if (from < 0) {
      cells.fill(-1, list.counts, list.counts + MAX_ROWS)
      return []
    }
    const offered = frame.set.lists[from]?.columns ?? []
    const { starts, counts } = list
    return [{ from, starts, counts, columns: match(offered, list.cells, MAX_LIST_ROWS) }]
  })
  return { columns, lists }
}

/** A function that delivers batches into one mailbox. Float64Array.set between arrays of one type moves bytes, so NaN patterns survive. */
export function openDelivery(mailbox: Mailbox) {
  const { plan, cells } = mailbox
  let layout = -1
  let moves: Moves = { columns: [], lists: [] }
  return function deliver(frame: Frame): void {
    if (layout !== frame.layout) {
      moves = planMoves(mailbox, frame)
      layout = frame.layout
    }
    const { map, rows, items } = frame
    const source = frame.cells
    const copy = (from: number, count: number, to: number): void => cells.set(source.subarray(from, from + count), to)
    copy(map.times, rows, plan.times)
    copy(map.ids, rows, plan.ids)
    for (const [from, to] of moves.columns) copy(map.columns[from] ?? 0, rows, to)
    for (const list of moves.lists) {
      const at = map.lists[list.from]
      if (at === undefined) continue
      copy(at.starts, rows, list.starts)
      copy(at.counts, rows, list.counts)
      for (const [from, to] of list.columns) copy(at.columns[from] ?? 0, items[list.from] ?? 0, to)
    }
  }
}
