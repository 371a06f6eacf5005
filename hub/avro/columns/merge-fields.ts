// The columns of a stream whose packets come in several versions of its schema: one kind for each path, whatever the versions make of it. Pure.
import { type ColumnKind } from './batch.ts'
import { type Field, MAX_FIELDS_OFFERED } from './fields.ts'

export interface Merged {
  readonly fields: readonly Field[]
  /** Where a version has something else than the columns say, so that (some of) its values read as null. For operators. */
  readonly problems: readonly string[]
}

/** What lies at a path. A path is one of these, in all columns: a view has either a value or a record there. */
type Shape = 'value' | 'record' | 'list'

const keyOf = (path: string, list: string | undefined): string => `${list ?? ''}:${path}`
const nameOf = ({ list, path }: Pick<Field, 'list' | 'path'>): string =>
  list === undefined ? path : `${list}[].${path}`

/** The paths above a path, outermost first. */
const above = (path: string): string[] =>
  path
    .split('.')
    .slice(0, -1)
    .map((_, i, names) => names.slice(0, i + 1).join('.'))

/** What a field says of its own path and of those around it. */
const shapesOf = ({ path, list, kind }: Field): (readonly [key: string, shape: Shape, name: string])[] => {
  const around =
    list === undefined
      ? []
      : [...above(list).map(record => at(record, undefined, 'record')), at(list, undefined, 'list')]
  const own = at(path, list, kind === 'present' ? 'record' : 'value')
  return [...around, ...above(path).map(record => at(record, list, 'record')), own]
}

const at = (path: string, list: string | undefined, shape: Shape): readonly [string, Shape, string] => [
  keyOf(path, list),
  shape,
  nameOf(list === undefined ? { path } : { path, list }),
]

/**
 * Kinds of one path in two versions, as one: `number` holds any int, `long` any int. Where a long meets a float the newer of the two holds, and values
 * of the other that it cannot hold exactly read as null. Anything else is the newer kind, and null in the other version.
 */
const mergeKinds = (newer: ColumnKind, older: ColumnKind): { readonly kind: ColumnKind; readonly isExact: boolean } => {
  if (newer === older || older === 'int')
    return { kind: newer, isExact: newer === older || newer === 'long' || newer === 'number' }
  if (newer === 'int' && (older === 'long' || older === 'number')) return { kind: older, isExact: true }
  return { kind: newer, isExact: false }
}

/** The columns of several versions, newest first. A nested record that some version lacks gets a `present` column. */
export const mergeFields = (...versions: readonly (readonly Field[])[]): Merged => {
  const merged = new Map<string, Field>()
  const shapes = new Map<string, Shape>()
  const problems = new Set<string>()
  for (const fields of versions)
    for (const field of fields) {
      const own = shapesOf(field)
      const other = own.find(([key, shape]) => (shapes.get(key) ?? shape) !== shape)
      if (other !== undefined) {
        const [key, shape, name] = other
        problems.add(
          `${name} is a ${shapes.get(key)} in newer schemas and a ${shape} in an older one, where it reads as null`,
        )
        continue
      }
      const key = keyOf(field.path, field.list)
      const known = merged.get(key)
      if (known === undefined && merged.size >= MAX_FIELDS_OFFERED) {
        problems.add(`filters can read the first ${MAX_FIELDS_OFFERED} fields; the versions of the schema have more`)
        continue
      }
      for (const [path, shape] of own) shapes.set(path, shape)
      const { kind, isExact } =
        known === undefined ? { kind: field.kind, isExact: true } : mergeKinds(known.kind, field.kind)
      if (!isExact)
        problems.add(
          `${nameOf(field)} is a ${kind} in newer schemas and a ${field.kind} in an older one; what a ${kind} cannot hold reads as null`,
        )
      merged.set(key, { ...field, kind })
    }
  return { fields: withPresence(versions, merged), problems: [...problems] }
}

/** A record that is in every version, and never null in one, needs no column that says so. */
const withPresence = (versions: readonly (readonly Field[])[], merged: ReadonlyMap<string, Field>): Field[] => {
  const records = versions.map(
    fields => new Set(fields.flatMap(({ path, list }) => above(path).map(record => keyOf(record, list)))),
  )
  const result: Field[] = []
  const offered = new Set<string>()
  for (const field of merged.values()) {
    const { list } = field
    for (const path of above(field.path)) {
      const key = keyOf(path, list)
      if (offered.has(key) || merged.has(key) || records.every(keys => keys.has(key))) continue
      offered.add(key)
      result.push(list === undefined ? { path, kind: 'present' } : { path, list, kind: 'present' })
    }
    result.push(field)
  }
  return result
}
