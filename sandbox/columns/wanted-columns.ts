// Columns that a filter reaches and does not carry: how they are named between guest and host, and what the host takes such names for.
import { type Column, type ColumnSet } from './batch.ts'

/** Names that one answer may carry. */
export const MAX_WANTS = 512

const keyOf = ({ path, kind }: Column): string => `${kind} ${path}`

/** The column's path; for a list's column the list's path, `[].` and the column's; a list's own path for its length alone. */
export const columnNames = ({ columns, lists }: ColumnSet): string[] => [
  ...columns.map(({ path }) => path),
  ...lists.flatMap(list => [list.path, ...list.columns.map(({ path }) => `${list.path}[].${path}`)]),
]

/** The columns of `offers` with these names; a list's column brings its list. Undefined when one of the names is none of them. */
export function columnsNamed(names: Iterable<string>, offers: ColumnSet): ColumnSet | undefined {
  const wanted = new Set(names)
  const known = new Set(columnNames(offers))
  if ([...wanted].some(name => !known.has(name))) return undefined
  const lists = offers.lists.map(({ path, columns }) => ({
    path,
    columns: columns.filter(column => wanted.has(`${path}[].${column.path}`)),
  }))
  return {
    columns: offers.columns.filter(({ path }) => wanted.has(path)),
    lists: lists.filter(({ path, columns }) => wanted.has(path) || columns.length > 0),
  }
}

/** The columns of a program: those its mailbox carries, and all that its records have (absent: the same). */
export interface ProgramColumns {
  readonly reads: ColumnSet
  readonly offers?: ColumnSet
}

/** What a guest's names mean for a program. Undefined when one of them names a column that the program reads, or is not offered. */
export function wantedColumns(
  names: readonly string[],
  { reads, offers = reads }: ProgramColumns,
): ColumnSet | undefined {
  const carried = new Set(columnNames(reads))
  return names.some(name => carried.has(name)) ? undefined : columnsNamed(names, offers)
}

/** Whether `all` has every column of `some`. */
export function carries(all: ColumnSet, some: ColumnSet): boolean {
  const has = (columns: readonly Column[] | undefined, wanted: readonly Column[]): boolean => {
    const keys = new Set(columns?.map(keyOf))
    return wanted.every(column => keys.has(keyOf(column)))
  }
  return (
    has(all.columns, some.columns) &&
    some.lists.every(({ path, columns }) => {
      const list = all.lists.find(known => known.path === path)
      return list !== undefined && has(list.columns, columns)
    })
  )
}
