// The player on a real broker: what arrives is what was made, byte for byte, over all partitions, and what is too large is named.
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test } from 'vitest'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { openKafka } from '../kafka/consume/kafkajs-client.ts'
import { openProducer } from '../kafka/produce/producer.ts'
import { framePacket } from '../packet-frame.ts'
import { STREAMS } from '../streams.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { createStream } from './create-stream.ts'
import { fileVisits, type PacketSource, syntheticVisits } from './packet-source.ts'
import { playStream, type PlayOptions } from './play-stream.ts'
import { printStream } from './print-stream.ts'
import { openVisitNumbers } from './visit-numbers.ts'

const PARTITIONS = 3
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const newTopic = async (): Promise<string> => {
  const topic = `test.play.${randomBytes(4).toString('hex')}`
  const admin = openAdmin(inject('kafka').hub)
  await admin.createTopics([{ name: topic, partitions: PARTITIONS }])
  await admin.close()
  return topic
}

/** The same source into a topic of the test's own. */
const into = (topic: string, source: PacketSource): PacketSource => ({
  ...source,
  async *visits() {
    for await (const visit of source.visits()) yield { ...visit, stream: { ...visit.stream, topic } }
  },
})

const play = async (topic: string, source: PacketSource, options: Partial<PlayOptions> = {}) => {
  const producer = await openProducer(inject('kafka').hub, { clientId: 'test-player' })
  closers.push(() => producer.close())
  return playStream({ producer, source: into(topic, source), intervalMs: 0, ...options })
}

interface Received {
  readonly partition: number
  readonly value: Buffer
  readonly key: Buffer | null
  readonly headers: Record<string, unknown>
}

const receive = async (topic: string, count: number): Promise<Received[]> => {
  const consumer = openKafka(inject('kafka').hub, 'test-reader').consumer({ groupId: topic, maxWaitTimeInMs: 100 })
  const received: Received[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.connect()
  closers.push(() => consumer.disconnect())
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      received.push({ partition, value: message.value!, key: message.key, headers: message.headers ?? {} })
      if (received.length === count) resolve()
    },
  })
  await promise
  return received
}

const sorted = (packets: readonly Buffer[]): string[] => packets.map(packet => packet.toString('base64')).toSorted()

test('packets arrive byte for byte, without keys, on all partitions, with the time they were sent', async () => {
  const topic = await newTopic()
  const source = openSyntheticSource({ seed: 3 })
  const reports: bigint[] = []
  const played = await play(topic, syntheticVisits(source, { alertsPerVisit: 40, visits: 2 }), {
    onVisit: ({ visit }) => reports.push(visit),
  })
  expect(played).toMatchObject({ visits: 2, packets: 80, refused: 0, completed: true })
  expect(reports).toEqual([2026090100001n, 2026090100002n])
  const received = await receive(topic, 80)
  const made = [0, 1].flatMap(visit => Array.from({ length: 40 }, (_, number) => source.packet(visit, number).packet))
  expect(sorted(received.map(({ value }) => value))).toEqual(sorted(made))
  expect(new Set(received.map(({ partition }) => partition)).size).toBe(PARTITIONS)
  expect(received.every(({ key }) => key === null)).toBe(true)
  expect(received.every(({ headers }) => /^\d{13}$/.test(String(headers['producer_timestamp'])))).toBe(true)
})

test('a file plays as it was made, and prints one line a packet from the topic', async () => {
  const topic = await newTopic()
  const file = join(await mkdtemp(join(tmpdir(), 'skysieve-play-')), 'visits.packets')
  await createStream({ file, visits: 2, alerts: 15, seed: 4, firstVisit: 0 })
  const source = await fileVisits(file)
  closers.push(() => source.close())
  expect(await play(topic, source)).toMatchObject({ visits: 2, packets: 30 })
  const synthetic = openSyntheticSource({ seed: 4 })
  const made = [0, 1].flatMap(v => Array.from({ length: 15 }, (_, number) => synthetic.packet(v, number).packet))
  expect(sorted((await receive(topic, 30)).map(({ value }) => value))).toEqual(sorted(made))
  const schema = parseSchema(synthetic.schemaJson)
  const lines: string[] = []
  const { hub: access } = inject('kafka')
  const from = {
    access,
    topic,
    group: 'test',
    fromBeginning: true,
    schemaOf: (id: number) => (id === 1100 ? schema : undefined),
  }
  for await (const line of printStream(from, { packets: 5 })) lines.push(line)
  expect(lines).toHaveLength(5)
  for (const line of lines)
    expect(line).toMatch(/^schema 1100 {2}alert \d{19} {2}visit 202609010000[12] .* bytes \d{6}$/)
})

test('a packet above 10 MB is refused with its size and alert, and the stream goes on', async () => {
  const topic = await newTopic()
  const schema = parseSchema(
    '{"type":"record","name":"alert","fields":[{"name":"alertId","type":"long"},{"name":"rest","type":"bytes"}]}',
  )
  const body = (id: bigint, bytes: number) => schema.type.toBuffer({ alertId: id, rest: Buffer.alloc(bytes) })
  const packets = [1n, 2n, 3n].map(id => framePacket(7, body(id, id === 2n ? 12_000_000 : 1000)))
  const visit = {
    stream: STREAMS.lsst,
    visit: 5n,
    packets: 3,
    read: () => packets,
    alertAt: (at: number) => BigInt(at + 1),
  }
  const source: PacketSource = { schemas: [], visits: () => [visit], close: () => Promise.resolve() }
  const refused: string[] = []
  const played = await play(topic, source, { onRefused: ({ code, message }) => refused.push(`${code} ${message}`) })
  expect(played).toMatchObject({ packets: 2, refused: 1, completed: true })
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatch(
    /^HUB_MESSAGE_TOO_LARGE Packet 2 of visit 5 \(alert 2\) has 12000\d{3} bytes and was not sent/,
  )
  expect(await receive(topic, 2)).toHaveLength(2)
})

test('a player that was stopped goes on with visits never played before', async () => {
  const topic = await newTopic()
  const state = join(await mkdtemp(join(tmpdir(), 'skysieve-play-')), 'visits.json')
  const source = openSyntheticSource({ seed: 5 })
  const start = async (options: Partial<PlayOptions>) => {
    const numbers = await openVisitNumbers(state)
    const endless = syntheticVisits(source, {
      alertsPerVisit: 4,
      firstVisit: numbers.next,
      onVisit: visitNumber => numbers.take(visitNumber),
    })
    return play(topic, endless, options)
  }
  expect(await start({ visits: 2 })).toMatchObject({ visits: 2, completed: true })
  const stop = new AbortController()
  const aborted = await start({ intervalMs: 60_000, spreadMs: 0, signal: stop.signal, onVisit: () => stop.abort() })
  expect(aborted).toMatchObject({ visits: 1, completed: false })
  expect(await start({ visits: 1 })).toMatchObject({ visits: 1 })
  const visits = [0, 1, 2, 3].flatMap(v => Array.from({ length: 4 }, (_, number) => source.packet(v, number).packet))
  expect(sorted((await receive(topic, 16)).map(({ value }) => value))).toEqual(sorted(visits))
})
