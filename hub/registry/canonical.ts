// The structure of an Avro schema's JSON: names written in full, properties in one order. Pure.

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])
const COMPLEX = new Set(['record', 'error', 'enum', 'array', 'map', 'fixed'])

const fullName = (name: string, namespace: string | undefined): string =>
  name.includes('.') || namespace === undefined || namespace === '' ? name : `${namespace}.${name}`

const namespaceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Any JSON with its properties in one order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/**
 * A schema in canonical form: equal for texts that differ in spacing, in the order of properties, or in how they write names.
 * `keeps` says which properties stay; a primitive that has lost all others is written as its bare name.
 * What is no schema passes through: it is for a parser to refuse.
 */
export const canonical = (schema: unknown, keeps: (property: string) => boolean, namespace?: string): unknown => {
  if (typeof schema === 'string') return PRIMITIVES.has(schema) ? schema : fullName(schema, namespace)
  if (Array.isArray(schema)) return schema.map(branch => canonical(branch, keeps, namespace))
  if (!isObject(schema)) return schema
  const type = textOf(schema['type'])
  const name = textOf(schema['name'])
  const named = name === undefined ? undefined : fullName(name, textOf(schema['namespace']) ?? namespace)
  const space = named === undefined ? namespace : namespaceOf(named)
  const inner = (value: unknown): unknown => canonical(value, keeps, space)
  const field = (value: unknown): unknown =>
    isObject(value) ? sorted({ ...pick(value, keeps), type: inner(value['type']) }) : value
  const kept: Record<string, unknown> = {
    ...pick(schema, property => property !== 'namespace' && keeps(property)),
    type: type !== undefined && COMPLEX.has(type) ? type : inner(schema['type']),
    ...(named === undefined ? {} : { name: named }),
  }
  for (const part of ['items', 'values']) if (part in schema) kept[part] = inner(schema[part])
  const properties = Object.keys(kept)
  if (properties.length === 1 && !(type !== undefined && COMPLEX.has(type))) return kept['type']
  const { fields, ...rest } = kept
  const body = sorted(rest)
  // Fields have an order of their own.
  return Array.isArray(fields) && isObject(body) ? { ...body, fields: fields.map(field) } : body
}

const pick = (value: Record<string, unknown>, keeps: (property: string) => boolean): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([property]) => keeps(property)))
