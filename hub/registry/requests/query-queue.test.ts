import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parseRecord, type RegistryRecord } from '../state/schemas-topic-records.ts'
import { type Placed, replayPlaced } from '../state/registry-state.ts'
import { register } from '../rules/registering.ts'
import { openQueryQueue, type QueryQueue, type QueryQueueOptions } from './query-queue.ts'
import { type Query } from './query.ts'

const sent = (body: unknown): Query['body'] => ({
  bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  contentType: 'application/json',
})
const lookup = (subject: string, body: unknown): Query => ({
  kind: 'lookup',
  subject,
  withDeleted: false,
  body: sent(body),
})
/** A log without a broker, whose records a test adds. */
function openFakeLog() {
  const records = new Map<string, Placed>()
  const listeners = new Set<(key: string, record: Placed | undefined) => void>()
  const add = ({ key, value }: RegistryRecord): void => {
    const placed = { record: parseRecord(key, JSON.stringify(value)), place: records.size }
    records.set(key, placed)
    for (const listener of listeners) listener(key, placed)
  }
  return {
    register: (subject: string, schema: string): void => {
      for (const record of register(replayPlaced(records.values()), subject, { schema }).records) add(record)
    },
    follow: (listener: (key: string, record: Placed | undefined) => void) => {
      for (const [key, record] of records) listener(key, record)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

let queue: QueryQueue | undefined
afterEach(() => queue?.close())
const open = (options?: QueryQueueOptions) => {
  const log = openFakeLog()
  queue = openQueryQueue(log, options)
  return { log, ask: (query: Query) => (queue as QueryQueue).ask(query) }
}

test('a query is answered by what is registered at that moment', async () => {
  const { log, ask } = open()
  const query = lookup('s', { schema: '"int"' })
  await expect(ask(query)).rejects.toMatchObject({ status: 404, errorCode: 40_401 })
  log.register('s', '"int"')
  expect(await ask(query)).toMatchObject({ subject: 's', version: 1, schema: '"int"' })
  expect(
    await ask({
      kind: 'compatibility',
      subject: 's',
      version: 'latest',
      isVerbose: true,
      body: sent({ schema: '"int"' }),
    }),
  ).toEqual({ is_compatible: true, messages: [] })
})

test('what is no JSON, no schema or in no charset is told apart', async () => {
  const { log, ask } = open()
  log.register('s', '"int"')
  await expect(ask(lookup('s', '{'))).rejects.toBeInstanceOf(SyntaxError)
  await expect(ask(lookup('s', { schema: '{' }))).rejects.toMatchObject({ errorCode: 42_201 })
  const body = { ...sent('{}'), contentType: 'application/json; charset=none' }
  await expect(ask({ ...lookup('s', {}), body })).rejects.toMatchObject({ statusCode: 415 })
})

test('while one takes too long the event loop is free and others wait in a bounded line; it is ended, and another thread answers them', async () => {
  const thread = join(import.meta.dirname, 'query-thread.fixture.ts')
  const { ask } = open({ limitMs: 5000, maxWaiting: 2, thread })
  let turns = 0
  const counting = setInterval(() => turns++, 10)
  const endless = ask(lookup('loop', {})).catch((error: unknown) => error)
  const others = ['a', 'b'].map(subject => ask(lookup(subject, {})))
  await expect(ask(lookup('c', {}))).rejects.toMatchObject({ status: 429, errorCode: 42_901 })
  expect(await endless).toMatchObject({ status: 422, errorCode: 42_209, message: expect.stringMatching(/5 s/) })
  expect(turns).toBeGreaterThan(20)
  clearInterval(counting)
  expect(await Promise.all(others)).toEqual([{ subject: 'a' }, { subject: 'b' }])
}, 120_000)

test('what waits when it closes is told so', async () => {
  const { ask } = open({ thread: join(import.meta.dirname, 'query-thread.fixture.ts') })
  const endless = ask(lookup('loop', {})).catch((error: unknown) => error)
  await queue?.close()
  expect(await endless).toMatchObject({ errorCode: 50_001 })
  await expect(ask(lookup('a', {}))).rejects.toMatchObject({ errorCode: 50_001 })
})
