// In: the names in a source and the fields of its stream. Out: the columns that the filter gets at first. More than it needs costs time; fields that are missing
// are found when it reaches for them (`trial/learn-columns.ts`).
import type { Column, ColumnKind, ColumnSet } from '#sandbox'

/** A field that packets of a stream offer: `list` is the array it lies in, and then `path` starts at the array's item. */
export interface Field {
  readonly path: string
  readonly kind: ColumnKind
  readonly list?: string | undefined
}

export interface ReadingChoice {
  readonly names: ReadonlySet<string>
  readonly everything: boolean
  readonly cutouts: boolean
}

/** Columns whose every path segment is named in the source; a list named without any of its fields is given for its length. */
export function columnsRead(fields: readonly Field[], { names, everything, cutouts }: ReadingChoice): ColumnSet {
  const named = (path: string): boolean => everything || path.split('.').every(segment => names.has(segment))
  const offered = fields.filter(field => field.kind !== 'binary' || cutouts)
  const columns = offered.filter(field => field.list === undefined && named(field.path))
  const lists = new Set(offered.flatMap(field => (field.list !== undefined && named(field.list) ? [field.list] : [])))
  return {
    columns: columns.map(({ path, kind }) => ({ path, kind })),
    lists: [...lists].map(list => ({
      path: list,
      columns: offered
        .filter(field => field.list === list && named(field.path))
        .map(({ path, kind }) => ({ path, kind })),
    })),
  }
}

/** By the list of fields, which is the same for all filters until a new schema comes. */
const offered = new WeakMap<readonly Field[], Map<boolean, ColumnSet>>()

/** Everything that a record of these fields has: cutouts only where they were asked for. */
export function columnsOffered(fields: readonly Field[], cutouts: boolean): ColumnSet {
  const known = offered.get(fields) ?? new Map<boolean, ColumnSet>()
  offered.set(fields, known)
  const set = known.get(cutouts) ?? offerOf(fields, cutouts)
  known.set(cutouts, set)
  return set
}

/** Lists remember where in the schema they stand, so that records can be enumerated in its order. */
function offerOf(fields: readonly Field[], cutouts: boolean): ColumnSet {
  const columns: Column[] = []
  const lists = new Map<string, { path: string; after: number; columns: Column[] }>()
  for (const { path, kind, list } of fields) {
    if (kind === 'binary' && !cutouts) continue
    if (list === undefined) columns.push({ path, kind })
    else {
      const known = lists.get(list) ?? { path: list, after: columns.length, columns: [] }
      lists.set(list, known)
      known.columns.push({ path, kind })
    }
  }
  return { columns, lists: [...lists.values()] }
}
