// A packet ahead of its schema waits, but not for ever, and not each time.
import { type AvroSchema, HubError, parseSchema } from '#hub'
import { expect, test } from 'vitest'
import { SchemaBook, type SchemaSource } from './schema-book.ts'

const schema = parseSchema('{"type":"record","name":"alert","fields":[]}')
const bookOf = (get: SchemaSource['get'], waitMs = 0): SchemaBook =>
  new SchemaBook({ source: { get }, waitMs, signal: new AbortController().signal })

test('a schema is looked up once and then there at once', async () => {
  let calls = 0
  const book = bookOf(() => Promise.resolve(++calls > 0 ? schema : undefined))
  expect(await book.schemaOf(1)).toBe(schema)
  expect(book.schemaOf(1)).toBe(schema)
  expect(calls).toBe(1)
})

test('a schema that arrives while its packet waits is found', async () => {
  const answers: (AvroSchema | undefined)[] = [undefined, undefined, schema]
  expect(await bookOf(() => Promise.resolve(answers.shift()), 60_000).schemaOf(1)).toBe(schema)
})

test('a second place is asked where the first has none, and its failures are no answer', async () => {
  const source: SchemaSource = { get: () => Promise.resolve(undefined) }
  const { signal } = new AbortController()
  const ask = (fallback: () => Promise<AvroSchema | undefined>): unknown =>
    new SchemaBook({ source, fallback, waitMs: 0, signal }).schemaOf(1)
  expect(await ask(() => Promise.resolve(schema))).toBe(schema)
  expect(await ask(() => Promise.reject(new Error('down')))).toBeUndefined()
})

test('an id that was not found is not waited for again, and a text that is no schema is final', async () => {
  let calls = 0
  const none = bookOf(() => {
    calls++
    return Promise.resolve(undefined)
  })
  expect([await none.schemaOf(1), await none.schemaOf(1), calls]).toEqual([undefined, undefined, 2])
  const unusable = bookOf(() => Promise.reject(new HubError('HUB_SCHEMA_INVALID', 'no')), 60_000)
  expect(await unusable.schemaOf(1)).toBeUndefined()
})
