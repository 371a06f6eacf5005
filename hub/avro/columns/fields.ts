// In: a schema. Out: the columns it offers to filters: every field that fits one, in the schema's order. merge-fields.ts does that for several versions;
// batch.ts is the form of the columns, batch-memory.ts their memory.
import { type ColumnKind } from './batch.ts'
import { type AvroNode, type AvroSchema, itemsOf, nullableOf, type RecordNode } from '../schema/node.ts'

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

/** Columns of one stream at most. Real ones have some 500; a schema of a few lines can have any number. */
export const MAX_FIELDS_OFFERED = 4000
/** Records looked into for them, with those that offer nothing. */
const MAX_LOOKS = 20_000
/** Names in a path, and characters in a name: paths become names in the code of views. */
const MAX_LEVELS = 8
const MAX_NAME_CHARS = 100
/** What JSON.stringify asks objects for: with a field of this name an alert would not be what it looks like. */
const TAKEN_NAME = 'toJSON'

/** The columns of a schema, and why fields that fit columns are none; most have no such fields. */
export interface Offer {
  readonly fields: readonly Field[]
  readonly problems: readonly string[]
}

const offers = new WeakMap<AvroSchema, Offer>()

/**
 * Every column a schema offers. A nullable record is a `present` column, followed by its fields; arrays of records are lists.
 * Not offered: arrays of anything else, arrays inside lists, maps, unions of several types, and a record inside itself.
 */
export const offerOf = (schema: AvroSchema): Offer => {
  const known = offers.get(schema) ?? walk(schema.root)
  offers.set(schema, known)
  return known
}

/** The columns alone. */
export const fieldsOf = (schema: AvroSchema): readonly Field[] => offerOf(schema).fields

const walk = (root: RecordNode): Offer => {
  const fields: Field[] = []
  const problems = new Set<string>()
  let looks = 0
  const isNamed = (name: string, path: string): boolean => {
    const why =
      name === TAKEN_NAME
        ? 'to JavaScript the name means something else'
        : name.length > MAX_NAME_CHARS
          ? `the name is longer than ${MAX_NAME_CHARS} characters`
          : path.split('.').length > MAX_LEVELS
            ? `it lies deeper than ${MAX_LEVELS} records`
            : undefined
    if (why !== undefined) problems.add(`filters cannot read ${path}: ${why}`)
    return why === undefined
  }
  const look = (record: RecordNode, prefix: string, list: string | undefined, open: readonly RecordNode[]): void => {
    const offer = (path: string, kind: ColumnKind): void => {
      fields.push(list === undefined ? { path, kind } : { path, list, kind })
    }
    looks++
    for (const { name, node } of record.fields) {
      if (fields.length >= MAX_FIELDS_OFFERED || looks >= MAX_LOOKS) {
        problems.add(`filters can read the first ${fields.length} fields; records in records have more`)
        return
      }
      const path = prefix + name
      const nullable = nullableOf(node)
      const value = nullable?.value
      if (value === undefined || !isNamed(name, path)) continue
      if (value.kind === 'record') {
        if (open.includes(value)) continue
        if (nullable?.nullIndex !== -1) offer(path, 'present')
        look(value, `${path}.`, list, [...open, value])
      } else if (value.kind === 'array') {
        const items = itemsOf(value)?.record
        if (list === undefined && items && !open.includes(items)) look(items, '', path, [...open, items])
      } else {
        const kind = kindOf(value)
        if (kind) offer(path, kind)
      }
    }
  }
  look(root, '', undefined, [root])
  return { fields, problems: [...problems].slice(0, MAX_PROBLEMS) }
}

const MAX_PROBLEMS = 20
