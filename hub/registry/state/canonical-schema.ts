// The canonical form of an Avro schema's JSON: names written in full, properties in one order, what Avro ignores left out. Pure.
import { PRIMITIVES } from '../../avro/schema/node.ts'

const primitives = new Set<string>(PRIMITIVES)
/** Properties with a meaning to some type: where a type has none for them they are no part of it. Any other property is kept. */
const RESERVED = new Set([
  'type',
  'name',
  'namespace',
  'doc',
  'aliases',
  'fields',
  'symbols',
  'size',
  'items',
  'values',
])
/** What each type is made of. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  record: ['name', 'doc', 'aliases', 'fields'],
  error: ['name', 'doc', 'aliases', 'fields'],
  enum: ['name', 'doc', 'aliases', 'symbols'],
  fixed: ['name', 'doc', 'aliases', 'size'],
  array: ['items'],
  map: ['values'],
}

const fullName = (name: string, namespace: string | undefined): string =>
  name.includes('.') || namespace === undefined || namespace === '' ? name : `${namespace}.${name}`

const namespaceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Any JSON with its properties in one order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return inOrder(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]))
}

const inOrder = (entries: readonly (readonly [string, unknown])[]): unknown =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))

/**
 * A schema in canonical form: equal for texts that differ in spacing, in the order of properties, in how they write names, or in properties
 * without meaning. What is no schema passes through: it is for a parser to refuse.
 */
export const canonical = (schema: unknown, namespace?: string): unknown => {
  if (typeof schema === 'string') return primitives.has(schema) ? schema : fullName(schema, namespace)
  if (Array.isArray(schema)) return schema.map(branch => canonical(branch, namespace))
  if (!isObject(schema)) return schema
  const type = textOf(schema['type']) ?? ''
  const parts = Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
  const more = Object.entries(schema).filter(([property]) => !RESERVED.has(property))
  if (parts === undefined) {
    const inner = canonical(schema['type'], namespace)
    return more.length === 0
      ? inner
      : inOrder([['type', inner], ...more.map(([key, value]) => [key, sorted(value)] as const)])
  }
  const name = textOf(schema['name'])
  const full = name === undefined ? undefined : fullName(name, textOf(schema['namespace']) ?? namespace)
  const space = full !== undefined && parts.includes('name') ? namespaceOf(full) : namespace
  const partOf = (part: string, value: unknown): unknown => {
    if (part === 'name') return full
    if (part === 'items' || part === 'values') return canonical(value, space)
    // Fields have an order of their own.
    if (part === 'fields') return Array.isArray(value) ? value.map(field => fieldOf(field, space)) : value
    return sorted(value)
  }
  const own = parts.filter(part => part in schema).map(part => [part, partOf(part, schema[part])] as const)
  return inOrder([['type', type], ...own, ...more.map(([key, value]) => [key, sorted(value)] as const)])
}

const fieldOf = (field: unknown, namespace: string | undefined): unknown =>
  isObject(field)
    ? inOrder(
        Object.entries(field)
          // The order that is meant where there is none.
          .filter(([key, value]) => key !== 'order' || value !== 'ascending')
          .map(([key, value]) => [key, key === 'type' ? canonical(value, namespace) : sorted(value)]),
      )
    : field
