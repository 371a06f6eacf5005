// A packet ahead of its schema waits, but not for ever, not each time, and not for each of a hundred damaged ids.
import { expect, test } from 'vitest'
import { HubError } from '../../errors.ts'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { parseSchema } from '../../avro/schema/parse-schema.ts'
import { awaitSchemas, type AwaitSchemaOptions } from './await-unknown-schema.ts'

const schema = parseSchema('{"type":"record","name":"alert","fields":[{"name":"diaSourceId","type":"long"}]}')
const { signal } = new AbortController()
const open = (get: (id: number) => Promise<AvroSchema | undefined>, more: Partial<AwaitSchemaOptions> = {}) =>
  awaitSchemas({ schemas: { get }, waitMs: 0, signal, ...more })

test('a schema is looked up once and then there at once', async () => {
  let calls = 0
  const schemaOf = open(async () => (++calls > 0 ? schema : undefined))
  expect(await schemaOf(1)).toBe(schema)
  expect(schemaOf(1)).toBe(schema)
  expect(calls).toBe(1)
})

test('a schema that is registered while its packets wait is found', async () => {
  let asked = 0
  const schemaOf = open(async () => (++asked > 2 ? schema : undefined), { waitMs: 60_000 })
  expect(await Promise.all([schemaOf(1101), schemaOf(1101)])).toEqual([schema, schema])
  expect(asked).toBe(3)
  expect(schemaOf(1101)).toBe(schema)
})

test('an id that nobody knows is waited for once, and still found later', async () => {
  let answer: typeof schema | undefined
  const schemaOf = open(async () => answer, { waitMs: 300 })
  const begunMs = performance.now()
  expect(await schemaOf(7)).toBeUndefined()
  expect(performance.now() - begunMs).toBeGreaterThanOrEqual(300)
  answer = schema
  await expect.poll(() => schemaOf(7)).toBe(schema)
})

test('a hundred ids in a row that nobody knows wait no longer than one', async () => {
  let asked = 0
  const waitMs = 400
  const schemaOf = open(async () => void asked++, { waitMs })
  const begunMs = performance.now()
  for (let id = 0; id < 100; id++) expect(await schemaOf(id)).toBeUndefined()
  // Each alone would have waited: 40 s.
  expect(performance.now() - begunMs).toBeLessThan(50 * waitMs)
  expect(asked).toBeGreaterThanOrEqual(100)
})

test('packets of one unknown id are not each a question to the broker', async () => {
  let asked = 0
  const schemaOf = open(async () => void asked++)
  const begunMs = performance.now()
  for (let packet = 0; packet < 10_000; packet++) expect(await schemaOf(7)).toBeUndefined()
  expect(asked).toBeLessThanOrEqual(2 + (performance.now() - begunMs) / 100)
})

test('a broker that does not answer is no reason to call a schema unknown', async () => {
  let asked = 0
  const get = async (): Promise<typeof schema> => {
    if (++asked < 3) throw new Error('no answer')
    return schema
  }
  expect(await open(get)(7)).toBe(schema)
})

test('a second place is asked where the first has none; its failures and its silence are no answer', async () => {
  const ask = (fallback: () => Promise<AvroSchema | undefined>) =>
    open(async () => undefined, { fallback, waitMs: 300 })(1)
  expect(await ask(async () => schema)).toBe(schema)
  expect(await ask(() => Promise.reject(new Error('down')))).toBeUndefined()
  expect(await ask(() => new Promise(() => undefined))).toBeUndefined()
})

test('a text that is no schema is final', async () => {
  const unusable = open(() => Promise.reject(new HubError('HUB_SCHEMA_INVALID', 'no')), { waitMs: 60_000 })
  expect(await unusable(1)).toBeUndefined()
})

test.each([new RangeError('Maximum call stack size exceeded'), new TypeError('x is undefined'), new SyntaxError('no')])(
  'a schema that reading trips over is final too, and does not hold its stream up for ever: %s',
  async error => {
    const get = async (): Promise<undefined> => {
      throw error
    }
    expect(await open(get, { waitMs: 60_000 })(1)).toBeUndefined()
  },
)
