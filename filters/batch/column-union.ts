// What a batch has to carry: every column that some filter of its lane reads, once.
import { type Column, type ColumnSet } from '#sandbox'

const keyOf = ({ path, kind }: Column): string => `${kind} ${path}`

const inOrder = (map: ReadonlyMap<string, Column>): Column[] =>
  [...map].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, column]) => column)

/** The union of column sets, in a stable order. */
export function columnUnion(sets: Iterable<ColumnSet>): ColumnSet {
  const columns = new Map<string, Column>()
  const lists = new Map<string, Map<string, Column>>()
  for (const set of sets) {
    for (const column of set.columns) columns.set(keyOf(column), column)
    for (const list of set.lists) {
      let known = lists.get(list.path)
      if (known === undefined) lists.set(list.path, (known = new Map()))
      for (const column of list.columns) known.set(keyOf(column), column)
    }
  }
  return {
    columns: inOrder(columns),
    lists: [...lists].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, map]) => ({ path, columns: inOrder(map) })),
  }
}

/** Whether two sets ask for the same columns. */
export const sameColumns = (a: ColumnSet, b: ColumnSet): boolean =>
  JSON.stringify(columnUnion([a])) === JSON.stringify(columnUnion([b]))
