import { expect, test } from 'vitest'
import { parseSchema } from '../avro/schema.ts'
import { awaitSchemas } from './await-schema.ts'

const schema = parseSchema('{"type":"record","name":"alert","fields":[{"name":"diaSourceId","type":"long"}]}')
const { signal } = new AbortController()

test('a schema that is registered while its packet waits is found', async () => {
  let asked = 0
  const schemaOf = awaitSchemas({
    schemas: { get: async () => (++asked > 2 ? schema : undefined) },
    waitMs: 10_000,
    signal,
  })
  expect(await Promise.all([schemaOf(1101), schemaOf(1101)])).toEqual([schema, schema])
  expect(asked).toBe(3)
  expect(schemaOf(1101)).toBe(schema)
})

test('an id that nobody knows is waited for once, and still found later', async () => {
  let answer: typeof schema | undefined
  const schemaOf = awaitSchemas({ schemas: { get: async () => answer }, waitMs: 300, signal })
  const begunMs = performance.now()
  expect(await schemaOf(7)).toBeUndefined()
  const onceMs = performance.now() - begunMs
  expect(onceMs).toBeGreaterThanOrEqual(300)
  expect(await schemaOf(7)).toBeUndefined()
  answer = schema
  expect(await schemaOf(7)).toBe(schema)
})

test('a broker that does not answer is no reason to call a schema unknown', async () => {
  let asked = 0
  const get = async (): Promise<typeof schema> => {
    if (++asked < 3) throw new Error('no answer')
    return schema
  }
  expect(await awaitSchemas({ schemas: { get }, waitMs: 0, signal })(7)).toBe(schema)
})
