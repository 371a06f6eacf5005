// A survey's framed packets into the hub, while everything is killed that can be.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { framePacket, STREAMS, type UpstreamSettings } from '#hub'
import { openSurvey, random, type Survey, type SurveyRecord } from './survey.fixture.ts'
import { openTakingHub, type TakingHub, until } from './taking-hub.fixture.ts'

const LONG = { timeout: 300_000 }
const { topic: ALERTS } = STREAMS.lsst
const schemaOf = (field: string): string =>
  JSON.stringify({ type: 'record', name: 'alert', fields: [{ name: field, type: 'long' }] })
/** Ids that no other test uses. */
const newId = (): number => 1000 + randomBytes(3).readUIntBE(0, 3)

let survey: Survey
let hub: TakingHub
beforeAll(async () => {
  survey = await openSurvey()
}, 120_000)
afterAll(() => survey?.close())
beforeEach(async () => {
  hub = await openTakingHub(inject('kafka').hub)
})
afterEach(async () => {
  survey.registry.set('fine')
  await hub.close()
})

const settingsFor = (topic: string, change: Partial<UpstreamSettings> = {}): UpstreamSettings => ({
  ...survey.ours,
  topic,
  stream: 'lsst',
  registry: survey.registry.url,
  from: 'earliest',
  format: 'framed',
  ...change,
})
const recordsOf = (partitions: number, count: number, schemaId: number, bytes = 2000): SurveyRecord[] =>
  Array.from({ length: count }, (_, at) => ({
    partition: at % partitions,
    timestamp: Date.now() - 60_000 + at,
    value: framePacket(schemaId, randomBytes(bytes)),
    headers: { made: `record ${at}` },
    ...(at % 7 === 0 ? { key: `key ${at}` } : {}),
  }))
const count = async (): Promise<number> => (await hub.came(ALERTS)).reduce((sum, records) => sum + records.length, 0)
const textOf = (values: readonly (Buffer | null | undefined)[]): string[] =>
  values.map(value => value?.toString('base64') ?? '')

/** What a partition of the hub has of one partition of the survey is that, in order, and all of the hub's is of the survey. */
const expectSame = async (sent: readonly SurveyRecord[]): Promise<void> => {
  const came = await hub.came(ALERTS)
  const byPartition = Map.groupBy(sent, ({ partition }) => partition)
  expect(textOf(came.flat().map(({ value }) => value)).toSorted()).toEqual(
    textOf(sent.map(({ value }) => value)).toSorted(),
  )
  for (const [partition, records] of byPartition) {
    const values = new Set(textOf(records.map(({ value }) => value)))
    const copies = came[partition % came.length]!.filter(({ value }) => values.has(textOf([value])[0]!))
    expect(
      copies.map(({ value, key, timestampMs, headers }) => [
        textOf([value])[0],
        key === null ? undefined : String(key),
        timestampMs,
        headers.map(([name, header]) => `${name}=${String(header)}`),
      ]),
    ).toEqual(
      records.map(({ value, key, timestamp, headers }) => [
        textOf([value])[0],
        key,
        timestamp,
        Object.entries(headers ?? {}).map(([name, header]) => `${name}=${header}`),
      ]),
    )
  }
}

test(
  'hub equals survey, each packet once, through kills of the process, a killed broker and a schema that is new in mid-visit',
  LONG,
  async () => {
    const partitions = 5
    const topic = await survey.makeTopic(partitions)
    const [first, second] = [newId(), newId()]
    await survey.register(first, schemaOf('first'))
    await hub.add('rubin', settingsFor(topic))
    const sent: SurveyRecord[] = []
    const send = async (schemaId: number, compression = 'none'): Promise<void> => {
      const records = recordsOf(partitions, 150, schemaId, 20_000)
      sent.push(...records)
      await survey.produce(topic, records, compression)
    }
    hub.start()
    await send(first)
    await until(async () => (await count()) > 0)
    await hub.kill()
    hub.start()
    await send(first, 'zstd')
    await survey.killBroker()
    await hub.kill()
    hub.start()
    await survey.startBroker()
    await send(first, 'lz4')
    await survey.register(second, schemaOf('second'))
    await send(second)
    await hub.kill()
    await send(second, 'snappy')
    hub.start()
    await until(async () => (await count()) >= sent.length)
    await until(async () => (await hub.status('rubin'))?.lag?.alerts === 0)
    await expectSame(sent)
    expect(await hub.letters('rubin')).toEqual([])
    for (const id of [first, second]) expect(await hub.registry.find(id)).toBeDefined()
    expect(survey.registry.refused).toEqual([])
    expect(await hub.status('rubin')).toMatchObject({
      state: 'copying',
      packets: sent.length,
      deadLetters: 0,
      gaps: [],
    })
  },
)

test('a packet whose schema the survey’s registry cannot give yet waits for it, and that is said', LONG, async () => {
  const topic = await survey.makeTopic(1)
  const [first, second] = [newId(), newId()]
  await survey.register(first, schemaOf('first'))
  await survey.register(second, schemaOf('second'))
  await hub.add('waits', settingsFor(topic))
  hub.start()
  const known = recordsOf(1, 3, first)
  await survey.produce(topic, known)
  await until(async () => (await count()) === 3)
  for (const [mood, said] of [
    ['html', /schema \d+: .*answers 200 with text\/html instead of JSON/],
    ['away', /schema \d+: .*does not answer/],
  ] as const) {
    survey.registry.set(mood)
    if (mood === 'html') await survey.produce(topic, recordsOf(1, 3, second))
    await until(async () => said.test((await hub.status('waits'))?.reason ?? ''))
    expect(await hub.ready()).toMatchObject({ status: 503, text: expect.stringMatching(/waits: schema/) })
    expect(await count()).toBe(3)
  }
  survey.registry.set('fine')
  await until(async () => (await count()) === 6)
  await until(async () => (await hub.status('waits'))?.state === 'copying')
  expect(await hub.letters('waits')).toEqual([])
  expect((await hub.status('waits'))?.schemas).toEqual([first, second])
})

test(
  'one begins at the end, at a time or at the first record, and goes on there after a kill before anything came',
  LONG,
  async () => {
    const topic = await survey.makeTopic(2)
    const id = newId()
    await survey.register(id, schemaOf('a'))
    const old = recordsOf(2, 20, id).map(record => ({ ...record, timestamp: Date.now() - 7_200_000 }))
    const recent = recordsOf(2, 10, id)
    await survey.produce(topic, [...old, ...recent])
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString()
    await hub.add('by-time', settingsFor(topic, { from: { time: hourAgo } }))
    await hub.add('from-end', settingsFor(topic, { from: 'latest' }))
    hub.start()
    await until(async () => (await hub.status('from-end'))?.state === 'copying')
    await until(async () => (await count()) === 10)
    await hub.kill()
    const later = recordsOf(2, 6, id)
    await survey.produce(topic, later)
    hub.start()
    await until(async () => (await count()) >= 22)
    await until(async () => (await hub.status('from-end'))?.packets === 6)
    expect(await hub.status('by-time')).toMatchObject({ packets: 16 })
    await hub.add('from-first', settingsFor(topic))
    await until(async () => (await hub.status('from-first'))?.packets === 36)
  },
)

test(
  'what retention took at the survey is recorded once with its offsets and times, and the stream goes on',
  LONG,
  async () => {
    const topic = await survey.makeTopic(1)
    const id = newId()
    await survey.register(id, schemaOf('a'))
    const [before, lost, after] = [recordsOf(1, 5, id), recordsOf(1, 40, id), recordsOf(1, 5, id)]
    await hub.add('gap', settingsFor(topic))
    hub.start()
    await survey.produce(topic, before)
    await until(async () => (await count()) === 5)
    await hub.kill()
    await survey.produce(topic, [...lost, ...after])
    await survey.deleteBefore(topic, 45n)
    hub.start()
    await until(async () => (await count()) === 10)
    await until(async () => ((await hub.status('gap'))?.packets ?? 0) === 10)
    const time = (record: SurveyRecord | undefined): string => new Date(record?.timestamp ?? 0).toISOString()
    const gap = { partition: 0, from: '5', to: '45', since: time(before.at(-1)), until: time(after[0]) }
    expect((await hub.status('gap'))?.gaps).toEqual([expect.objectContaining(gap)])
    await hub.kill()
    hub.start()
    await survey.produce(topic, recordsOf(1, 1, id))
    await until(async () => (await count()) === 11)
    expect((await hub.status('gap'))?.gaps).toEqual([expect.objectContaining(gap)])
  },
)

test('a right that is taken away is said, and with it given back the stream goes on without a loss', LONG, async () => {
  const topic = await survey.makeTopic(1)
  const id = newId()
  await survey.register(id, schemaOf('a'))
  await hub.add('revoked', settingsFor(topic))
  hub.start()
  await survey.produce(topic, recordsOf(1, 3, id))
  await until(async () => (await count()) === 3)
  await survey.revoke(topic)
  await until(async () => /not authorized|authorization|refuses/i.test((await hub.status('revoked'))?.reason ?? ''))
  await survey.produce(topic, recordsOf(1, 3, id))
  await survey.grant(topic)
  await until(async () => (await count()) === 6)
  await until(async () => (await hub.status('revoked'))?.state === 'copying')
  expect(await hub.status('revoked')).toMatchObject({ packets: 6, deadLetters: 0, gaps: [] })
})

test(
  'a topic that is gone is said; made anew, it is read from its first record, with a gap of unknown size',
  LONG,
  async () => {
    const topic = await survey.makeTopic(1)
    const id = newId()
    await survey.register(id, schemaOf('a'))
    await hub.add('anew', settingsFor(topic))
    hub.start()
    await survey.produce(topic, recordsOf(1, 9, id))
    await until(async () => (await count()) === 9)
    await survey.admin.deleteTopics([topic])
    await until(async () => /no topic|not exist|unknown/i.test((await hub.status('anew'))?.reason ?? ''))
    await survey.admin.createTopics([{ name: topic, partitions: 1 }])
    await survey.produce(topic, recordsOf(1, 2, id))
    await until(async () => (await count()) === 11)
    await until(async () => (await hub.status('anew'))?.state === 'copying')
    expect((await hub.status('anew'))?.gaps).toEqual([expect.objectContaining({ from: '9', to: '0' })])
  },
)

test('of two processes with one upstream the first ends, and nothing comes twice', LONG, async () => {
  const topic = await survey.makeTopic(1)
  const id = newId()
  await survey.register(id, schemaOf('a'))
  await hub.add(`two-${random()}`, settingsFor(topic))
  hub.start()
  await survey.produce(topic, recordsOf(1, 5, id))
  await until(async () => (await count()) === 5)
  const second = await hub.startAnother()
  await until(async () => (await second.ready()) === 200)
  await survey.produce(topic, recordsOf(1, 5, id))
  expect(await hub.exitCode()).toBe(1)
  await until(async () => (await count()) === 10)
  await second.kill()
  expect(await count()).toBe(10)
})

test(
  'an upstream whose file is removed ends and is reported no more; one with a bad file says what is wrong',
  LONG,
  async () => {
    const topic = await survey.makeTopic(1)
    await hub.add('gone', settingsFor(topic))
    await hub.add('bad', { ...settingsFor(topic), bootstrap: 'no address' })
    hub.start()
    await until(async () => (await hub.status('gone'))?.state === 'copying')
    await until(async () => /bootstrap/.test((await hub.status('bad'))?.reason ?? ''))
    await hub.remove('gone')
    await until(async () => (await hub.status('gone')) === undefined)
    // Also one that was removed while nothing ran.
    await hub.stop()
    await hub.remove('bad')
    hub.start()
    await until(async () => (await hub.status('bad')) === undefined)
    expect(await hub.ready()).toMatchObject({ status: 200 })
  },
)
