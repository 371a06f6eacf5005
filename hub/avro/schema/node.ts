// An Avro schema as a tree of plain nodes, the only form that fields, cursor and registry know. Names are resolved; a recursive record refers to itself.
import { type Type } from 'avsc'

export type AvroNode = Primitive | Fixed | EnumNode | ArrayNode | MapNode | UnionNode | RecordNode

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export interface Primitive {
  readonly kind: (typeof PRIMITIVES)[number]
}
export interface Fixed {
  readonly kind: 'fixed'
  /** With its namespace, as of every named type. */
  readonly name: string
  readonly size: number
}
export interface EnumNode {
  readonly kind: 'enum'
  readonly name: string
  readonly symbols: readonly string[]
  /** Readers take a symbol they do not know for this one. */
  readonly default: string | undefined
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
export interface RecordField {
  readonly name: string
  readonly node: AvroNode
  readonly aliases: readonly string[]
  /** Readers of bytes without the field have a value for it. */
  readonly hasDefault: boolean
}
export interface RecordNode {
  readonly kind: 'record'
  readonly name: string
  readonly aliases: readonly string[]
  readonly fields: readonly RecordField[]
  /** Set when the record can contain itself. */
  recursive: boolean
}

/** A parsed writer schema. Immutable; caches are keyed by this object, so keep one per schema id. */
export interface AvroSchema {
  /** Its text, whole: what it refers to is written out in it. */
  readonly text: string
  /** Full name of the root record: `lsst.v11_0.alert`. */
  readonly name: string
  readonly root: RecordNode
  /** avsc's type, made when it is first asked for; longs are bigint, and names avsc does not take are changed in it. */
  readonly type: Type
}

/** A value that may be null, or is the only branch of its union. */
export interface Nullable {
  readonly value: AvroNode
  /** Index of the null branch: 0 or 1; -1 where the value is never null. */
  readonly nullIndex: number
  /** The value's union has no other branch: the index 0 stands before it. */
  readonly isOnly: boolean
}

/** How a node reads when null is taken for "no value"; undefined for a union of several types, which no column can hold. */
export const nullableOf = (node: AvroNode): Nullable | undefined => {
  if (node.kind !== 'union') return { value: node, nullIndex: -1, isOnly: false }
  const [first, second] = node.branches
  if (first && node.branches.length === 1) return { value: first, nullIndex: -1, isOnly: true }
  if (node.branches.length !== 2 || !first || !second) return undefined
  if (first.kind === 'null') return { value: second, nullIndex: 0, isOnly: false }
  return second.kind === 'null' ? { value: first, nullIndex: 1, isOnly: false } : undefined
}

/** The records of an array; undefined for an array of anything else. */
export const itemsOf = ({
  items,
}: ArrayNode): { readonly record: RecordNode; readonly isOnly: boolean } | undefined => {
  const { value, nullIndex = 0, isOnly = false } = nullableOf(items) ?? {}
  return value?.kind === 'record' && nullIndex < 0 ? { record: value, isOnly } : undefined
}

/** Of records: they are named any number of times, and each is added up once. */
const leastBytes = new WeakMap<RecordNode, number>()

/** Bytes the shortest value of a node takes; 0 only where every value takes none. */
export const minBytes = (node: AvroNode): number => {
  switch (node.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return node.size
    case 'record': {
      const known = leastBytes.get(node)
      if (known !== undefined) return known
      // What a record that is inside itself is taken for while it is added up.
      leastBytes.set(node, 1)
      const bytes = node.fields.reduce((sum, field) => sum + minBytes(field.node), 0)
      leastBytes.set(node, bytes)
      return bytes
    }
    default:
      return 1
  }
}
