// In: a decoded alert. Out: JSON in which no number is rounded, and what JSON cannot say has a sign in its place.
import { HubError } from '../errors.ts'
import { type AvroNode, type AvroSchema, nullableOf } from '../avro/schema/node.ts'

/** What to show of a record: names of fields, each whole (`true`) or in part. */
interface Wanted extends ReadonlyMap<string, Wanted | true> {}

/**
 * A decoded value as JSON: 64-bit integers are decimal strings, what is not finite is null, bytes are `{ "bytes": length }`: images have routes
 * of their own.
 */
export function alertJson(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'object':
      break
    default:
      return value
  }
  if (value === null) return null
  if (value instanceof Uint8Array) return { bytes: value.length }
  if (Array.isArray(value)) return value.map(alertJson)
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, alertJson(field)]))
}

/**
 * Chosen fields of an alert as JSON, in the alert's own shape. `paths` are dotted names; those of a list apply to each of its items. Bytes that are named
 * themselves are given in base64. Throws HubError HUB_FIELD_UNKNOWN for a path that the schema does not have.
 */
export function pickFields(schema: AvroSchema, alert: Record<string, unknown>, paths: readonly string[]): unknown {
  return picked(alert, wantedOf(schema, paths))
}

function picked(value: unknown, wanted: Wanted | true): unknown {
  if (wanted === true) return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : alertJson(value)
  if (Array.isArray(value)) return value.map(item => picked(item, wanted))
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries([...wanted].map(([name, part]) => [name, picked(Reflect.get(value, name), part)]))
}

function wantedOf(schema: AvroSchema, paths: readonly string[]): Wanted {
  const root = new Map<string, Wanted | true>()
  for (const path of paths) {
    let node: AvroNode = schema.root
    let level = root
    const names = path.split('.')
    for (const [depth, name] of names.entries()) {
      const field = fieldOf(node, name)
      if (field === undefined) throw unknown(schema, path, node)
      node = field
      const known = level.get(name)
      // A field that is wanted whole stays so, whatever is wanted of it besides.
      if (known === true) break
      if (depth === names.length - 1) level.set(name, true)
      else {
        const next = (known ?? new Map()) as Map<string, Wanted | true>
        level.set(name, next)
        level = next
      }
    }
  }
  return root
}

/** The record that a value, or each item of a list, is; undefined where there is none. */
const recordIn = (node: AvroNode): Extract<AvroNode, { kind: 'record' }> | undefined => {
  const value = nullableOf(node)?.value
  if (value?.kind === 'array') return recordIn(value.items)
  return value?.kind === 'record' ? value : undefined
}

const fieldOf = (node: AvroNode, name: string): AvroNode | undefined =>
  recordIn(node)?.fields.find(field => field.name === name)?.node

function unknown(schema: AvroSchema, path: string, node: AvroNode): HubError {
  const names = recordIn(node)?.fields.map(field => field.name) ?? []
  const there = names.length === 0 ? 'what it names has no fields' : `there are ${names.join(', ')}`
  return new HubError('HUB_FIELD_UNKNOWN', `The schema ${schema.name} has no field “${path}”: ${there}`)
}
