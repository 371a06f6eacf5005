// The records that a filter is offered, as a tree in the order of their schema. It is the same for all filters of a stream, and made once in this process;
// what a filter's mailbox carries of it is known by name.
import type { Column, ColumnSet } from '../../columns/batch.ts'

export type Member =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'record'; readonly record: RecordNode }
  | { readonly kind: 'list'; readonly name: string; readonly item: RecordNode }

export interface RecordNode {
  /** For messages: `alert.diaSource`, `alert.prvDiaSources[]`. */
  readonly where: string
  /** Name of the column that says whether the record is there; absent for one that always is. */
  presence?: string
  readonly members: Map<string, Member>
  /** Names of all values in it, however deep they lie. */
  readonly within: string[]
  /** Its members for isolates: `name:number`, or `name` alone where there is no value to reach, separated by spaces. */
  text: string
  /** Numbers of all values in it as runs: `3,6,9,10` for 3 4 5 9. */
  runs: string
}

export interface RecordTree {
  readonly root: RecordNode
  /** Every value that can be reached, in the form of columns/wanted-columns.ts, by its number. */
  readonly names: readonly string[]
  /** A field has a name that JSON means something by: quick views have it for that. */
  readonly needsPlain: boolean
}

/** Streams of a process, and their fields as they change. */
const MAX_TREES = 8
const trees = new Map<string, RecordTree>()

/** The tree of what is offered. */
export function recordTree(offers: ColumnSet): RecordTree {
  const key = JSON.stringify(offers)
  const known = trees.get(key)
  if (known !== undefined) return known
  if (trees.size >= MAX_TREES) trees.clear()
  const tree = makeTree(offers)
  trees.set(key, tree)
  return tree
}

/** Lists among the columns, where the schema has them. */
function inOrder({ columns, lists }: ColumnSet): (Column | ColumnSet['lists'][number])[] {
  const placed = Map.groupBy(lists, ({ after = columns.length }) => after)
  return [...columns, undefined].flatMap((column, at) => [...(placed.get(at) ?? []), ...(column ? [column] : [])])
}

function makeTree(offers: ColumnSet): RecordTree {
  const numbers = new Map<string, number>()
  const records: RecordNode[] = []
  const open = (where: string): RecordNode => {
    const record = { where, members: new Map<string, Member>(), within: [], text: '', runs: '' }
    records.push(record)
    return record
  }
  /** The records on the way to a path, the outermost first. */
  const descend = (root: RecordNode, path: readonly string[]): RecordNode[] => {
    const way = [root]
    let node = root
    for (const name of path) {
      let member = node.members.get(name)
      if (member?.kind !== 'record') {
        member = { kind: 'record', record: open(`${node.where}.${name}`) }
        node.members.set(name, member)
      }
      node = member.record
      way.push(node)
    }
    return way
  }
  /** Adds a value to the record it lies in, and gives all the records around it. */
  const add = (outer: readonly RecordNode[], name: string, path: string, member: Member | undefined): void => {
    const names = path.split('.')
    const root = outer.at(-1)
    if (root === undefined) return
    numbers.set(name, numbers.size)
    const way = descend(root, names.slice(0, -1))
    if (member === undefined) {
      const record = descend(root, names).at(-1)
      if (record !== undefined) record.presence = name
    } else way.at(-1)?.members.set(names.at(-1) ?? '', member)
    for (const record of [...outer.slice(0, -1), ...way]) record.within.push(name)
  }

  const root = open('alert')
  for (const offer of inOrder(offers)) {
    if ('kind' in offer) {
      const { path, kind } = offer
      add([root], path, path, kind === 'present' ? undefined : { kind: 'field', name: path })
      continue
    }
    const { path, columns } = offer
    const item = open(`alert.${path}[]`)
    add([root], path, path, { kind: 'list', name: path, item })
    const around = descend(root, path.split('.').slice(0, -1))
    for (const column of columns) {
      const name = `${path}[].${column.path}`
      const member = column.kind === 'present' ? undefined : ({ kind: 'field', name } as const)
      add([...around, item], name, column.path, member)
    }
  }
  for (const record of records) {
    record.runs = runsOf(record.within.map(name => numbers.get(name) ?? 0)).join()
    record.text = [...record.members]
      .map(([name, member]) => {
        const value = valueOf(member)
        return value === undefined ? name : `${name}:${numbers.get(value)}`
      })
      .join(' ')
  }
  const needsPlain = records.some(({ members }) => members.has('toJSON'))
  return { root, names: [...numbers.keys()], needsPlain }
}

/** The value that is reached by a member; nothing for a record that always is there. */
export const valueOf = (member: Member): string | undefined =>
  member.kind === 'record' ? member.record.presence : member.name

/** The ends of runs of numbers. */
function runsOf(numbers: readonly number[]): number[] {
  const runs: number[] = []
  for (const number of numbers)
    if (runs.at(-1) === number) runs[runs.length - 1] = number + 1
    else runs.push(number, number + 1)
  return runs
}
