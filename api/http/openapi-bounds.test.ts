import { expect, test } from 'vitest'
import { openApiDocument } from './openapi-document.ts'

interface Schema {
  readonly [name: string]: unknown
}
interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> }
  readonly responses: Schema
}

/** Every schema within one, by its path. */
function* within(schema: unknown, path: string): Generator<readonly [path: string, schema: Schema]> {
  if (typeof schema !== 'object' || schema === null) return
  if (!Array.isArray(schema)) yield [path, schema as Schema]
  for (const [name, value] of Object.entries(schema)) yield* within(value, `${path}/${name}`)
}

const has = (schema: Schema, ...names: readonly string[]): boolean => names.every(name => schema[name] !== undefined)

/** Why a schema lets in more than it should; undefined where it does not. Bytes (`format: binary`) have no characters to count. */
function unbounded(schema: Schema): string | undefined {
  const { type } = schema
  if (type === 'string' && schema['format'] !== 'binary' && !['maxLength', 'enum', 'const'].some(x => has(schema, x)))
    return 'a string of any length'
  if (type === 'array' && !has(schema, 'maxItems')) return 'an array of any length'
  if (type === 'integer' && !has(schema, 'minimum', 'maximum') && !has(schema, 'const')) return 'any integer'
  return undefined
}

const document = (await openApiDocument()) as {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: Schema
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
)

test('every string, array and integer of requests and answers has a bound', () => {
  const all = [...operations, ['components', document.components] as const]
  const found = all.flatMap(([name, part]) => [...within(part, name)])
  expect(found.length).toBeGreaterThan(1000)
  const open = found.flatMap(([path, schema]) => {
    const why = unbounded(schema)
    return why === undefined ? [] : [`${path}: ${why}`]
  })
  expect(open).toEqual([])
})

test('numbers of requests have a least and a largest value', () => {
  const asked = operations.flatMap(([name, { parameters, requestBody }]) => [
    ...within({ parameters, requestBody }, name),
  ])
  const open = asked.filter(([, schema]) => schema['type'] === 'number' && !has(schema, 'minimum', 'maximum'))
  expect(open.map(([path]) => path)).toEqual([])
})

/** Labels and the like: any name, but few of them, and each with a value of one kind. */
const isSmallMap = (schema: Schema): boolean =>
  typeof schema['additionalProperties'] === 'object' && Number(schema['maxProperties']) <= 100

test('every object of a body refuses properties it does not name, or is a small map', () => {
  const bodies = operations.flatMap(([name, { requestBody }]) => [...within(requestBody?.content ?? {}, name)])
  const objects = bodies.filter(([, { type }]) => type === 'object')
  expect(objects.length).toBeGreaterThan(10)
  const open = objects.filter(([, schema]) => schema['additionalProperties'] !== false && !isSmallMap(schema))
  expect(open.map(([path]) => path)).toEqual([])
})

test('lists whose items must differ are short, for comparing them is quadratic', () => {
  const all = operations.flatMap(([name, operation]) => [...within(operation, name)])
  const long = all.filter(([, { uniqueItems, maxItems }]) => uniqueItems === true && Number(maxItems) > 20)
  expect(long.map(([path]) => path)).toEqual([])
})
