// What authors send, as it is kept: sources in records of their own, manifests that stay small, and what nobody names any more deleted.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Api } from '#api'
import { openLogReader, openProducer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
let instance: TestInstance
let api: Api

beforeAll(async () => {
  instance = await openTestInstance(kafka, { settings: { sourceBytesPerAccount: 1_000_000, versionsPerFilter: 10 } })
  await instance.startRedis()
  api = await instance.open()
})
afterAll(() => instance?.close())

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, api.url + path, { token: instance.adminToken, body })

/** The newest record of each key of a topic, as text. */
async function records(topic: string): Promise<Map<string, string>> {
  const reader = openLogReader(kafka.hub, { clientId: 'sources-test', topic })
  const found = new Map<string, string>()
  for (let from: bigint | 'earliest' = 'earliest'; ;) {
    const page = await reader.read(from, 0)
    for (const { key, value } of page.records)
      if (value === null) found.delete(String(key))
      else found.set(String(key), value.toString())
    if (page.next >= page.end) break
    from = page.next
  }
  await reader.close()
  return found
}

const source = (n: number): string => `export const filter = alert => alert.diaSource.psfFlux > ${n}`
/** JSON writes each of these in six characters. */
const padded = (n: number): string => `${source(n)} /* ${'\u0001'.repeat(20_000)} */`

test('a manifest names its sources, which are kept once with what was found in them', async () => {
  const one = await call('POST', '/v1/filters', { name: 'one', language: 'javascript', source: source(1) })
  const { id } = one.body
  const typed = 'export const filter = (alert: any): boolean => alert.diaSource.psfFlux > 2'
  expect((await call('POST', `/v1/filters/${id}/versions`, { language: 'typescript', source: typed })).status).toBe(201)
  expect((await call('POST', '/v1/filters', { name: 'two', language: 'javascript', source: source(1) })).status).toBe(
    201,
  )
  expect((await records('skysieve.filters')).get(id)).not.toContain('psfFlux')
  const kept = [...(await records('skysieve.sources')).values()].map(text => JSON.parse(text))
  expect(kept).toHaveLength(2)
  expect(kept).toContainEqual(
    expect.objectContaining({
      language: 'typescript',
      source: typed,
      code: expect.stringMatching(/\(alert {5}\)/),
      names: expect.arrayContaining(['diaSource', 'psfFlux']),
      everything: false,
    }),
  )
  expect((await call('GET', `/v1/filters/${id}/versions/2`)).body).toMatchObject({ number: 2, source: typed })
})

test('versions fill the room of an account, which is told, and a change of the filter stays small', async () => {
  const { id } = (await call('POST', '/v1/filters', { name: 'wide', language: 'javascript', source: padded(0) })).body
  const answers = []
  for (let n = 1; n < 9; n++)
    answers.push(await call('POST', `/v1/filters/${id}/versions`, { language: 'javascript', source: padded(n) }))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201, 201, 413])
  expect(answers.at(-1)?.body).toMatchObject({
    code: 'API_SOURCES_FULL',
    detail: expect.stringMatching(/\/v1\/limits/),
  })
  const { sourceBytes } = (await call('GET', '/v1/limits')).body
  expect(sourceBytes.limit).toBe(1_000_000)
  expect(sourceBytes.used).toBeGreaterThan(900_000)
  expect((await records('skysieve.filters')).get(id)?.length).toBeLessThan(4_000)
})

test('a manifest of a former version, with its sources inside, is read, and its sources get records of their own', async () => {
  const id = 'f0old000001'
  const createdAt = '2026-01-01T00:00:00.000Z'
  const old = [source(71), 'export const filter = (alert: any) => alert.diaSource.snr > 7']
  const manifest = {
    id,
    name: 'old',
    owner: 'admin',
    description: '',
    stream: 'lsst',
    cap: 20,
    policy: 'first',
    start: 'now',
    cutouts: false,
    versions: old.map((text, i) => ({
      number: i + 1,
      language: i === 0 ? 'javascript' : 'typescript',
      source: text,
      sha256: 'x',
      createdAt,
    })),
    active: 2,
    state: 'submitted',
    problems: [],
    placement: null,
    generation: 1,
    trust: 'new',
    createdAt,
    updatedAt: createdAt,
  }
  await api.close()
  const producer = await openProducer(kafka.hub, { clientId: 'sources-test' })
  await producer.send([{ topic: 'skysieve.filters', key: id, value: JSON.stringify(manifest) }])
  await producer.close()
  api = await instance.open()
  const written = async (): Promise<string> => (await records('skysieve.filters')).get(id) ?? ''
  await expect.poll(written, { timeout: 60_000 }).not.toContain('diaSource')
  await expect
    .poll(async () => (await call('GET', `/v1/filters/${id}`)).body.stage, { timeout: 60_000 })
    .toBe('starting')
  for (const [i, text] of old.entries())
    expect((await call('GET', `/v1/filters/${id}/versions/${i + 1}`)).body.source).toBe(text)
})

test('sources that no manifest names are deleted by whoever leads, and those of others stay', async () => {
  const wide = (await call('GET', '/v1/filters?name=wide')).body.items[0]
  const before = (await records('skysieve.sources')).size
  expect((await call('DELETE', `/v1/filters/${wide.id}`)).status).toBe(204)
  await api.close()
  // A term begins with a round.
  api = await instance.open()
  await expect.poll(async () => (await records('skysieve.sources')).size, { timeout: 60_000 }).toBe(before - 8)
  const one = (await call('GET', '/v1/filters?name=one')).body.items[0]
  expect((await call('GET', `/v1/filters/${one.id}/versions/1`)).body.source).toBe(source(1))
})
