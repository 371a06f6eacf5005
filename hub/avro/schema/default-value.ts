// Whether the default of a field is a value of its type, as Avro 1.12 sees it: that of a union may be of any of its branches.
import { type AvroNode } from './node.ts'

const MAX_INT = 2 ** 31
const MAX_LONG = 2 ** 63

const isWhole = (value: unknown, limit: number): boolean =>
  Number.isInteger(value) && Number(value) >= -limit && Number(value) < limit

/** A record's value names each field that has no default of its own; defaults were looked at where they stand. */
export const isValueOf = (node: AvroNode, value: unknown): boolean => {
  switch (node.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'int':
      return isWhole(value, MAX_INT)
    case 'long':
      // JSON's numbers are rounded: the highest long is read as 2^63.
      return isWhole(value, MAX_LONG) || value === MAX_LONG
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'union':
      return node.branches.some(branch => isValueOf(branch, value))
    case 'array':
      return Array.isArray(value) && value.every(item => isValueOf(node.items, item))
    case 'map':
      return isObject(value) && Object.values(value).every(item => isValueOf(node.values, item))
    case 'record':
      return (
        isObject(value) &&
        node.fields.every(({ name, node: inner, hasDefault }) =>
          Object.hasOwn(value, name) ? isValueOf(inner, value[name]) : hasDefault,
        )
      )
    default:
      return typeof value === 'string'
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
