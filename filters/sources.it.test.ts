import { openAdmin, openProducer, type Producer } from '#hub'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { openSources, sha256, sourceKey, type SourceRecord, type Sources, SOURCES_TOPIC } from './sources.ts'

const access = inject('kafka').hub
let producer: Producer
const open: Sources[] = []

beforeAll(async () => {
  producer = await openProducer(access, { clientId: 'sources-test' })
})
beforeEach(async () => {
  const admin = openAdmin(access)
  await admin.deleteTopics([SOURCES_TOPIC])
  await admin.createTopics([{ name: SOURCES_TOPIC, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
})
afterAll(async () => {
  await Promise.all(open.map(one => one.close()))
  await producer.close()
})

const follow = async (heldBytes?: number): Promise<Sources> => {
  const sources = await openSources(access, 'sources-test', problem => void problem, heldBytes)
  open.push(sources)
  return sources
}
const recordOf = (source: string): SourceRecord => ({
  language: 'javascript',
  source,
  description: '',
  names: ['flux'],
  everything: false,
  warnings: [],
})
const keyOf = (source: string): string => sourceKey({ language: 'javascript', sha256: sha256(source) })
const write = (source: string, value: string | null = JSON.stringify(recordOf(source))): Promise<void> =>
  producer.send([{ topic: SOURCES_TOPIC, partition: 0, key: keyOf(source), value }])

test.each([
  ['from memory', undefined],
  ['from the topic, where memory has no room for them', 300],
])('sources come %s, by what they hold', async (_where, heldBytes) => {
  const texts = ['a', 'b', 'c'].map(name => `export const filter = ${name} => ${name}.flux > 1 // ${'x'.repeat(100)}`)
  const [early = '', ...late] = texts
  await write(early)
  const sources = await follow(heldBytes)
  for (const text of late) await write(text)
  await sources.catchUp()
  for (const text of texts) expect(await sources.get(keyOf(text))).toEqual(recordOf(text))
  await write(early, null)
  await sources.catchUp()
  expect(await sources.get(keyOf(early))).toBeUndefined()
  expect([...sources.keys()].toSorted()).toEqual(late.map(keyOf).toSorted())
})

test('a record that makes no sense is as if it had not arrived', async () => {
  await write('x', '{"language":"cobol"}')
  expect(await (await follow()).get(keyOf('x'))).toBeUndefined()
})
