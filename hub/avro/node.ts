// An Avro schema as a tree of plain nodes, the only form the field list and the cursor know. Names are resolved; a recursive record refers to itself.
import avsc, { type Type } from 'avsc'

const { types } = avsc

export type AvroNode = Primitive | Fixed | EnumNode | ArrayNode | MapNode | UnionNode | RecordNode

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
interface Primitive {
  readonly kind: (typeof PRIMITIVES)[number]
}
interface Fixed {
  readonly kind: 'fixed'
  readonly size: number
}
interface EnumNode {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
}
export interface ArrayNode {
  readonly kind: 'array'
  readonly items: AvroNode
}
export interface MapNode {
  readonly kind: 'map'
  readonly values: AvroNode
}
export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly AvroNode[]
}
export interface RecordNode {
  readonly kind: 'record'
  readonly name: string
  readonly fields: readonly { readonly name: string; readonly node: AvroNode }[]
  /** Set when the record can contain itself. */
  recursive: boolean
}

/** A parsed writer schema. Immutable; caches are keyed by this object, so keep one per schema id. */
export interface AvroSchema {
  /** The text it was parsed from. */
  readonly text: string
  /** Full name of the root record: `lsst.v11_0.alert`. */
  readonly name: string
  readonly root: RecordNode
  /** avsc's type; longs are bigint. */
  readonly type: Type
}

/** The tree of an avsc type. */
export const nodeOf = (type: Type): AvroNode => convert(type, new Map(), [])

const convert = (type: Type, done: Map<Type, RecordNode>, open: readonly RecordNode[]): AvroNode => {
  if (type instanceof types.RecordType) {
    const known = done.get(type)
    if (known) {
      const from = open.indexOf(known)
      if (from >= 0) for (const record of open.slice(from)) record.recursive = true
      return known
    }
    const fields: { name: string; node: AvroNode }[] = []
    const record: RecordNode = { kind: 'record', name: type.name ?? 'record', fields, recursive: false }
    done.set(type, record)
    for (const field of type.fields)
      fields.push({ name: field.name, node: convert(field.type, done, [...open, record]) })
    return record
  }
  if (type instanceof types.ArrayType) return { kind: 'array', items: convert(type.itemsType, done, open) }
  if (type instanceof types.MapType) {
    const values: Type = type.valuesType
    return { kind: 'map', values: convert(values, done, open) }
  }
  if (type instanceof types.EnumType) return { kind: 'enum', symbols: type.symbols }
  if (type instanceof types.FixedType) return { kind: 'fixed', size: type.size }
  // avsc's typings leave the branches of a union out.
  if ('types' in type && Array.isArray(type.types)) {
    const branches: Type[] = type.types
    return { kind: 'union', branches: branches.map(branch => convert(branch, done, open)) }
  }
  const kind = PRIMITIVES.find(name => name === type.typeName.replace('abstract:', ''))
  if (!kind) throw new TypeError(`avsc gave the unknown type ${type.typeName}`)
  return { kind }
}

/** A union of null and one other type. */
export interface Nullable {
  readonly value: AvroNode
  /** Index of the null branch: 0 or 1; -1 where the value is never null. */
  readonly nullIndex: number
}

/** How a node reads when null is taken for "no value"; undefined for a union of several types, which no column can hold. */
export const nullableOf = (node: AvroNode): Nullable | undefined => {
  if (node.kind !== 'union') return { value: node, nullIndex: -1 }
  const [first, second] = node.branches
  if (node.branches.length !== 2 || !first || !second) return undefined
  if (first.kind === 'null') return { value: second, nullIndex: 0 }
  return second.kind === 'null' ? { value: first, nullIndex: 1 } : undefined
}

/** Bytes the shortest value of a node takes; 0 only where every value takes none. */
export const minBytes = (node: AvroNode, open: readonly AvroNode[] = []): number => {
  if (open.includes(node)) return 1
  switch (node.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return node.size
    case 'record':
      return node.fields.reduce((sum, field) => sum + minBytes(field.node, [...open, node]), 0)
    default:
      return 1
  }
}
