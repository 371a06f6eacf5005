// What a schema offers to filters: every field that fits a column, in the schema's order.
import { type ColumnKind } from './batch.ts'
import { type AvroNode, type AvroSchema, nullableOf, type RecordNode } from './node.ts'

/** A column on offer. */
export interface Field {
  /** Dotted from the alert's root, or from the list's item. */
  readonly path: string
  /** The array of records it belongs to, dotted from the root. */
  readonly list?: string
  readonly kind: ColumnKind
}

/** The kind of column a type fills; undefined for arrays, maps and unions of several types. */
export const kindOf = (node: AvroNode): ColumnKind | undefined => {
  switch (node.kind) {
    case 'float':
    case 'double':
      return 'number'
    case 'int':
    case 'long':
    case 'boolean':
      return node.kind
    case 'string':
    case 'enum':
      return 'string'
    case 'bytes':
    case 'fixed':
      return 'binary'
    case 'record':
      return 'present'
    default:
      return undefined
  }
}

/**
 * Every column a schema offers. A nullable record is a `present` column, followed by its fields; arrays of records are lists.
 * Not offered: arrays of anything else, arrays inside lists, maps, unions of several types, and a record inside itself.
 */
export const fieldsOf = (schema: AvroSchema): readonly Field[] => {
  const fields: Field[] = []
  const walk = (record: RecordNode, prefix: string, list: string | undefined, open: readonly RecordNode[]): void => {
    const offer = (path: string, kind: ColumnKind): void => {
      fields.push(list === undefined ? { path, kind } : { path, list, kind })
    }
    for (const { name, node } of record.fields) {
      const path = prefix + name
      const nullable = nullableOf(node)
      const value = nullable?.value
      if (value?.kind === 'record') {
        if (open.includes(value)) continue
        if (nullable?.nullIndex !== -1) offer(path, 'present')
        walk(value, `${path}.`, list, [...open, value])
      } else if (value?.kind === 'array') {
        const { items } = value
        if (list === undefined && items.kind === 'record' && !open.includes(items))
          walk(items, '', path, [...open, items])
      } else if (value) {
        const kind = kindOf(value)
        if (kind) offer(path, kind)
      }
    }
  }
  walk(schema.root, '', undefined, [schema.root])
  return fields
}

/**
 * The columns of a stream whose packets come in several schema versions, newest first.
 * Kinds that differ become `long` where all are integers, and `number` where all are numbers, integers or booleans (a long is then rounded to the
 * nearest number); otherwise the newest version's kind holds and packets of the others read as null. A nested record that some version lacks gets a `present` column.
 */
export const mergeFields = (...versions: readonly (readonly Field[])[]): readonly Field[] => {
  const merged = new Map<string, Field>()
  const key = ({ list, path }: Pick<Field, 'list' | 'path'>): string => `${list ?? ''}:${path}`
  for (const fields of versions)
    for (const field of fields) {
      const known = merged.get(key(field))
      merged.set(key(field), known ? { ...known, kind: mergeKinds(known.kind, field.kind) } : field)
    }
  const records = versions.map(fields => new Set(fields.flatMap(recordsAround).map(key)))
  const result: Field[] = []
  const offered = new Set<string>()
  for (const field of merged.values()) {
    for (const record of recordsAround(field)) {
      const name = key(record)
      if (offered.has(name) || merged.has(name) || records.every(names => names.has(name))) continue
      offered.add(name)
      result.push({ ...record, kind: 'present' })
    }
    result.push(field)
  }
  return result
}

const NUMERIC: ReadonlySet<ColumnKind> = new Set(['number', 'int', 'long', 'boolean'])
const INTEGERS: ReadonlySet<ColumnKind> = new Set(['int', 'long'])

const mergeKinds = (newer: ColumnKind, older: ColumnKind): ColumnKind => {
  if (newer === older || !NUMERIC.has(newer) || !NUMERIC.has(older)) return newer
  return INTEGERS.has(newer) && INTEGERS.has(older) ? 'long' : 'number'
}

/** The nested records a field lies in, outermost first. */
const recordsAround = ({ path, list }: Field): Omit<Field, 'kind'>[] =>
  path
    .split('.')
    .slice(0, -1)
    .map((_, i, names) => {
      const record = { path: names.slice(0, i + 1).join('.') }
      return list === undefined ? record : { ...record, list }
    })
