// The engine on a real broker and the real sandbox: what goes in comes out, once, and never more than the cap.
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { DEAD_LETTERS_TOPIC, OVER_CAP_TOPIC } from '../publish/topics.ts'
import { openTestNode, packetOf, SCHEMA, type TestAlert, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

/** A record of skysieve.over-cap. */
interface OverCapRecord {
  readonly visit: string
  readonly overCap: number
  readonly alerts: readonly { readonly alert: string }[]
}

const alerts = (count: number, of: (index: number) => Partial<TestAlert>): TestAlert[] =>
  Array.from({ length: count }, (_, id) => ({ id, visit: 1, flux: id % 2, ...of(id) }))

const header = ({ headers }: { headers: readonly (readonly [string, Buffer | null])[] }, name: string): string =>
  String(headers.find(([key]) => key === name)?.[1])

const live = (filter: string): Promise<unknown> =>
  until(async () => (await node.progress(`filter/${filter}`))?.['lane'] === `live.${node.stream.name}`)

test('what passes is delivered byte for byte with its provenance, and what does not pass is not', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  const sent = alerts(30, id => ({ visit: id < 15 ? 1 : 2 }))
  await node.send(sent)
  await node.work()
  await node.evaluated()
  const delivered = await node.deliveries(manifest.id)
  const passing = sent.filter(({ flux }) => flux === 1)
  expect(delivered.map(({ alert }) => alert).toSorted((a, b) => a - b)).toEqual(passing.map(({ id }) => id))
  for (const { alert, value, headers } of delivered) {
    const original = sent[alert]
    expect(original && value.equals(packetOf(original))).toBe(true)
    expect(headers).toMatchObject({
      'skysieve-filter': manifest.id,
      'skysieve-version': '1',
      'skysieve-visit': String(original?.visit),
    })
    expect(headers['skysieve-source']).toMatch(new RegExp(`^${node.stream.topic}-${alert % 3}-\\d+$`))
    expect(Date.parse(headers['skysieve-evaluated'] ?? '')).toBeGreaterThan(1.7e12)
  }
})

test('the cap holds across partitions, interleaved visits and late alerts, and what is over it is counted and named', async () => {
  const manifest = node.manifest({ cap: 5 })
  node.put(manifest)
  await node.work()
  const sent = alerts(60, id => ({ visit: id % 3, flux: 1 }))
  await node.send(sent)
  await node.evaluated()
  await node.send([
    { id: 900, visit: 0 },
    { id: 901, visit: 3 },
  ])
  await node.evaluated()
  const delivered = await node.deliveries(manifest.id)
  for (const visit of [0, 1, 2]) {
    const positions = delivered.filter(item => item.visit === visit).map(({ headers }) => headers['skysieve-position'])
    expect(positions).toEqual(['1', '2', '3', '4', '5'])
  }
  expect(delivered.filter(({ visit }) => visit === 3)).toHaveLength(1)
  expect(await node.progress(`visit/${manifest.id}/0`)).toMatchObject({ seen: 21, passed: 21, overCap: 16 })
  const over = (await node.read(OVER_CAP_TOPIC)).filter(({ key }) => key?.toString() === manifest.id)
  const records = over.map(({ value }) => JSON.parse(String(value)) as OverCapRecord)
  expect(Math.max(...records.filter(({ visit }) => visit === '0').map(({ overCap }) => overCap))).toBe(16)
  const ids = records.flatMap(record => record.alerts.map(({ alert }) => Number(alert)))
  const all = [...ids, ...delivered.map(({ alert }) => alert)]
  expect(new Set(all).size).toBe(all.length)
  expect(all.toSorted((a, b) => a - b)).toEqual([...sent.map(({ id }) => id), 900, 901])
})

test('a worker that is stopped and started again goes on where it was: nothing twice, nothing missing', async () => {
  const manifest = node.manifest({ cap: 40 })
  node.put(manifest)
  const first = await node.work()
  await node.send(alerts(30, () => ({ flux: 1 })))
  await node.evaluated()
  await first.close()
  await node.send(alerts(30, id => ({ id: id + 30, flux: 1 })))
  await node.work()
  await node.evaluated()
  const delivered = (await node.deliveries(manifest.id)).map(({ alert }) => alert)
  expect(delivered).toHaveLength(40)
  expect(new Set(delivered).size).toBe(40)
  expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ seen: 60, passed: 60, overCap: 20 })
})

test('an alert that the hub received twice is delivered once', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  await node.send([
    { id: 1, visit: 1 },
    { id: 2, visit: 1 },
    { id: 1, visit: 1, partition: 0 },
  ])
  await node.work()
  await node.evaluated()
  expect((await node.deliveries(manifest.id)).map(({ alert }) => alert).toSorted((a, b) => a - b)).toEqual([1, 2])
  expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ passed: 3, duplicates: 1, overCap: 0 })
})

test('packets that cannot be read become dead letters with the reason, and the stream goes on', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  await node.work()
  await live(manifest.id)
  const good = packetOf({ id: 5, visit: 1 })
  const bad = [
    Buffer.from('\u0001wrong'),
    good.subarray(0, good.length - 9),
    packetOf({ id: 6, visit: 1 }, 99),
    Buffer.alloc(0),
  ]
  for (const packet of bad) await node.sendRaw(packet)
  await node.sendRaw(good)
  await node.evaluated()
  const letters = (await node.read(DEAD_LETTERS_TOPIC)).filter(letter =>
    header(letter, 'skysieve-source').startsWith(node.stream.topic),
  )
  expect(letters.map(letter => header(letter, 'skysieve-reason'))).toEqual([
    'HUB_PACKET_MAGIC',
    'HUB_AVRO_TRUNCATED',
    'HUB_SCHEMA_UNKNOWN',
    'HUB_PACKET_EMPTY',
  ])
  expect(letters.map(({ value }) => value?.toString('hex'))).toEqual(bad.map(packet => packet.toString('hex')))
  expect((await node.deliveries(manifest.id)).map(({ alert }) => alert)).toEqual([5])
})

test('a packet that is ahead of its schema waits for it and is delivered', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  await node.work({ schemaWaitMs: 30_000 })
  await live(manifest.id)
  await node.sendRaw(packetOf({ id: 8, visit: 1 }, 12))
  setTimeout(() => node.schemas.set(12, SCHEMA), 700)
  await node.evaluated()
  expect((await node.deliveries(manifest.id)).map(({ alert }) => alert)).toEqual([8])
})
