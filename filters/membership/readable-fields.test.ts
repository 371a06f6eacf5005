// What operators are told of schemas that do not fit each other.
import { parseSchema, parseStream } from '#hub'
import { expect, test } from 'vitest'
import { ReadableFields } from './readable-fields.ts'

const stream = parseStream({ name: 's', topic: 's', alertId: ['id'], visit: { path: 'visit' }, timeMs: [] })
const schemaOf = (fields: Record<string, unknown>) =>
  parseSchema(
    JSON.stringify({
      type: 'record',
      name: 'alert',
      fields: Object.entries({ id: 'long', visit: 'long', ...fields }).map(([name, type]) => ({ name, type })),
    }),
  )

test('what filters cannot read is told once, and the newest schema’s fields come first', () => {
  const readable = new ReadableFields([stream])
  expect(readable.fields('s')).toEqual([])
  expect(readable.add('s', 2, schemaOf({ b: 'string', toJSON: 'int' }))).toHaveLength(1)
  expect(readable.add('s', 1, schemaOf({ a: 'int', b: 'int' }))).toEqual([expect.stringContaining('b is a string')])
  expect(readable.add('s', 3, schemaOf({ a: 'long', b: 'string' }))).toEqual([])
  expect(readable.fields('s').map(({ path, kind }) => `${path} ${kind}`)).toEqual([
    'id long',
    'visit long',
    'a long',
    'b string',
  ])
})
