// A survey that sends Avro object container files, written by fastavro: framed on the way, each packet once, each decodable by fastavro.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { readContainer, STREAMS, type UpstreamSettings } from '#hub'
import { openSurvey, runPython, type Survey, type SurveyRecord } from './survey.fixture.ts'
import { openTakingHub, type TakingHub, until } from './taking-hub.fixture.ts'

const LONG = { timeout: 300_000 }
const { topic: ALERTS } = STREAMS.ztf
/** Real packets of ZTF, where they lie beside the repository. */
const REAL = join(import.meta.dirname, '../../../../shared/data/ztf/3.2')
const schema = {
  type: 'record',
  name: 'alert',
  namespace: 'ztf',
  fields: [
    { name: 'objectId', type: 'string' },
    { name: 'candid', type: 'long' },
    {
      name: 'candidate',
      type: {
        type: 'record',
        name: 'candidate',
        fields: [
          { name: 'pid', type: 'long' },
          { name: 'magpsf', type: ['null', 'float'] },
        ],
      },
    },
  ],
}
const alertOf = (candid: number): object => ({
  objectId: `ZTF18${candid}`,
  candid,
  candidate: { pid: 697_252_840_015, magpsf: candid % 2 === 0 ? null : 19.25 },
})

let survey: Survey
let hub: TakingHub
beforeAll(async () => {
  survey = await openSurvey()
}, 120_000)
afterAll(() => survey?.close())
beforeEach(async () => {
  hub = await openTakingHub(inject('kafka').hub)
})
afterEach(() => hub.close())

const settingsFor = (topic: string): UpstreamSettings => ({
  ...survey.ours,
  topic,
  stream: 'ztf',
  from: 'earliest',
  format: 'container',
})
const containers = (ids: readonly (readonly number[])[], codec: 'null' | 'deflate'): SurveyRecord[] =>
  ids.map((candids, at) => ({
    partition: at % 2,
    timestamp: Date.now() - 10_000,
    alerts: candids.map(alertOf),
    schema,
    codec,
  }))
const values = async (): Promise<Buffer[]> =>
  (await hub.came(ALERTS)).flat().map(({ value }) => value ?? Buffer.alloc(0))
const decode = async (packets: readonly Buffer[], keys: readonly string[]): Promise<Record<string, string>[]> => {
  const plan = { registry: hub.registryUrl, keys, packets: packets.map(packet => packet.toString('base64')) }
  return (await runPython('decode_packets.py', [plan])) as Record<string, string>[]
}
const numbers = (from: number, length: number): number[] => Array.from({ length }, (_, at) => from + at)

test(
  'every alert of every container arrives once and is decoded by fastavro, through kills and bad containers in between',
  LONG,
  async () => {
    const topic = await survey.makeTopic(2)
    await hub.add('ztf', settingsFor(topic))
    hub.start()
    const first = numbers(1, 200).map(id => [id])
    await survey.produce(topic, containers(first, 'null'))
    await until(async () => (await values()).length > 0)
    await hub.kill()
    const files = await survey.produce(topic, containers([numbers(1001, 7), numbers(1101, 5)], 'deflate'))
    const bad: SurveyRecord[] = [files[0]!.subarray(0, -3), Buffer.from('no container'), Buffer.alloc(0)].map(
      value => ({
        partition: 0,
        timestamp: Date.now(),
        value,
      }),
    )
    await survey.produce(topic, bad)
    hub.start()
    const last = numbers(2001, 100).map(id => [id])
    await survey.produce(topic, containers(last, 'deflate'))
    const expected = [...first.flat(), ...numbers(1001, 7), ...numbers(1101, 5), ...last.flat()]
    await until(async () => (await values()).length >= expected.length)
    const decoded = await decode(await values(), ['candid', 'objectId'])
    expect(decoded.map(({ candid }) => Number(candid)).toSorted((a, b) => a - b)).toEqual(expected)
    expect(decoded.every(({ candid, objectId }) => objectId === `ZTF18${candid}`)).toBe(true)
    // Of one container in its order.
    const ids = decoded.map(({ candid }) => Number(candid))
    expect(ids.filter(id => id > 1000 && id < 1100)).toEqual(numbers(1001, 7))
    await until(async () => (await hub.status('ztf'))?.deadLetters === 3)
    const letters = await hub.letters('ztf')
    const reasons = letters.map(({ headers }) => String(new Map(headers).get('skysieve-reason')))
    expect(reasons.toSorted()).toEqual(['HUB_AVRO_TRUNCATED', 'HUB_CONTAINER_INVALID', 'HUB_CONTAINER_INVALID'])
    const bytesOf = (all: readonly { readonly value?: Buffer | null }[]): string[] =>
      all.map(({ value }) => value?.toString('base64') ?? '').toSorted()
    expect(bytesOf(letters)).toEqual(bytesOf(bad))
    expect((await hub.status('ztf'))?.schemas).toHaveLength(1)
  },
)

test.runIf(existsSync(REAL))('ZTF’s own containers arrive with the datums that are in them', LONG, async () => {
  const topic = await survey.makeTopic(2)
  await hub.add('real', settingsFor(topic))
  hub.start()
  const files = readdirSync(REAL)
    .filter(name => name.endsWith('.avro'))
    .slice(0, 60)
    .map(name => readFileSync(join(REAL, name)))
  await survey.produce(
    topic,
    files.map((value, at) => ({ partition: at % 2, timestamp: Date.now(), value })),
  )
  await until(async () => (await values()).length >= files.length)
  const datums = files.flatMap(file => readContainer(file).datums).map(datum => datum.toString('base64'))
  const came = await values()
  expect(came.map(packet => packet.subarray(5).toString('base64')).toSorted()).toEqual(datums.toSorted())
  const decoded = await decode(came, ['candid', 'schemavsn'])
  expect(new Set(decoded.map(({ candid }) => candid)).size).toBe(files.length)
  expect(await hub.letters('real')).toEqual([])
})
