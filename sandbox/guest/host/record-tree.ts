// The records of a filter's stream as a tree in the order of its schema: which values its mailbox carries, and a number for each that it does not.
import { type Column, type ColumnSet } from '../../batch.ts'
import { type Cell, type ListCells, type MailboxPlan } from './mailbox.ts'

/** A value: where it lies in the mailbox, or its number among those that are not carried. */
export type Place<T> = { readonly cell: T } | { readonly late: number }

export type Member =
  | { readonly kind: 'field'; readonly place: Place<Cell> }
  | { readonly kind: 'record'; readonly record: RecordNode }
  | { readonly kind: 'list'; readonly place: Place<ListCells>; readonly item: RecordNode }

export interface RecordNode {
  /** For messages: `alert.diaSource`, `alert.prvDiaSources[]`. */
  readonly where: string
  /** Whether the record is there; absent for one that always is. */
  present?: Place<Cell>
  readonly members: Map<string, Member>
}

export interface RecordTree {
  readonly root: RecordNode
  /** What the numbers of values that are not carried stand for, in the form of wanted.ts. */
  readonly lateNames: readonly string[]
  /** A field has a name that JSON means something by: quick views have it for that. */
  readonly needsPlain: boolean
}

/** Lists among the columns, where the schema has them. */
function inOrder({ columns, lists }: ColumnSet): (Column | ColumnSet['lists'][number])[] {
  const order: (Column | ColumnSet['lists'][number])[] = []
  for (let at = 0; at <= columns.length; at++) {
    order.push(...lists.filter(({ after = columns.length }) => after === at))
    const column = columns[at]
    if (column !== undefined) order.push(column)
  }
  return order
}

/** What filters see of records with the fields of `offers`, of which the mailbox carries those of its plan. */
export function recordTree(plan: Pick<MailboxPlan, 'cells' | 'lists'>, offers: ColumnSet): RecordTree {
  const lateNames: string[] = []
  const placeOf = <T>(cell: T | undefined, name: string): Place<T> =>
    cell === undefined ? { late: lateNames.push(name) - 1 } : { cell }

  const recordAt = (root: RecordNode, path: readonly string[]): RecordNode => {
    let node = root
    for (const name of path) {
      let member = node.members.get(name)
      if (member?.kind !== 'record') {
        member = { kind: 'record', record: { where: `${node.where}.${name}`, members: new Map() } }
        node.members.set(name, member)
      }
      node = member.record
    }
    return node
  }
  const addColumn = (root: RecordNode, { path, kind }: Column, cells: readonly Cell[], prefix: string): void => {
    const place = placeOf(
      cells.find(cell => cell.path === path && cell.kind === kind),
      prefix + path,
    )
    const names = path.split('.')
    if (kind === 'present') recordAt(root, names).present = place
    else recordAt(root, names.slice(0, -1)).members.set(names.at(-1) ?? '', { kind: 'field', place })
  }

  const root: RecordNode = { where: 'alert', members: new Map() }
  for (const offer of inOrder(offers)) {
    if ('kind' in offer) addColumn(root, offer, plan.cells, '')
    else {
      const { path, columns } = offer
      const names = path.split('.')
      const list = plan.lists.find(known => known.path === path)
      const place = placeOf(list, path)
      const item: RecordNode = { where: `alert.${path}[]`, members: new Map() }
      recordAt(root, names.slice(0, -1)).members.set(names.at(-1) ?? '', { kind: 'list', place, item })
      for (const column of columns) addColumn(item, column, list?.cells ?? [], `${path}[].`)
    }
  }
  const needsPlain = [...offers.columns, ...offers.lists, ...offers.lists.flatMap(list => list.columns)].some(
    ({ path }) => path.split('.').includes('toJSON'),
  )
  return { root, lateNames, needsPlain }
}

/** The number of a member whose value is not carried; -1 for one that can be asked. */
export function lateOf(member: Member): number {
  const place = member.kind === 'record' ? member.record.present : member.place
  return place !== undefined && 'late' in place ? place.late : -1
}

/** Every number of values that are not carried, however deep they lie in a record. */
export const lateWithin = ({ members }: RecordNode): number[] =>
  [...members.values()].flatMap(member => {
    const late = lateOf(member)
    const own = late < 0 ? [] : [late]
    return member.kind === 'field' ? own : [...own, ...lateWithin(member.kind === 'list' ? member.item : member.record)]
  })
