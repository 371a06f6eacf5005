import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { type AlertTopic, openAlertTopic, packetsOf, takeUntil, textsOf } from './alert-topic.fixture.ts'
import { type FeedItem, type FeedOptions, type StartPosition } from './feed.ts'
import { openFeed } from './open-feed.ts'

const { CompressionTypes } = kafkajs
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

const newTopic = async (partitions = 1): Promise<AlertTopic> => {
  const alerts = await openAlertTopic(inject('kafka').node, partitions)
  closers.push(alerts.close)
  return alerts
}
const open = async (topic: string, options: Partial<FeedOptions> = {}) => {
  const stop = new AbortController()
  const feed = await openFeed({
    access: inject('kafka').node,
    topic,
    clientId: 'test-feed',
    from: 'earliest',
    signal: stop.signal,
    ...options,
  })
  closers.push(() => feed.close())
  return { feed, stop }
}
/** Enough when `partition` has been read up to `end`. */
const upTo =
  (end: bigint, partition = 0) =>
  (items: readonly FeedItem[]) =>
    items.some(item => item.partition === partition && (item.kind === 'gap' ? item.to : item.nextOffset) >= end)
const read = async (topic: string, from: StartPosition, end: bigint) =>
  takeUntil((await open(topic, { from })).feed, upTo(end))

describe('what is read', () => {
  test('every packet of every partition comes once, in order, with its bytes, headers and time', async () => {
    const alerts = await newTopic(3)
    const values = [0, 1, 2].map(() => [randomBytes(300_000), randomBytes(10), Buffer.alloc(0)])
    const before = Date.now()
    for (const [partition, sent] of values.entries()) await alerts.send(partition, sent)
    const { feed } = await open(alerts.topic)
    const items = await takeUntil(feed, taken => packetsOf(taken).length === 9)
    for (const [partition, sent] of values.entries()) {
      const packets = packetsOf(items.filter(item => item.partition === partition))
      expect(packets.map(({ value }) => value)).toEqual(sent)
      expect(packets.map(({ offset }) => offset)).toEqual([0n, 1n, 2n])
      expect(packets[0]?.headers).toEqual({ made: Buffer.from('here') })
      expect(packets[0]?.timestampMs).toBeGreaterThanOrEqual(before)
    }
    expect([...feed.positions.values()]).toEqual([3n, 3n, 3n])
  })

  test('batches of every compression follow each other in one partition', async () => {
    const alerts = await newTopic()
    const { None, GZIP, Snappy, LZ4, ZSTD } = CompressionTypes
    const kinds = [None, GZIP, Snappy, LZ4, ZSTD, None]
    for (const [index, kind] of kinds.entries()) await alerts.send(0, [`a${index}`, `b${index}`], kind)
    const texts = textsOf(await read(alerts.topic, 'earliest', 12n))
    expect(texts).toEqual(kinds.flatMap((_, index) => [`a${index}`, `b${index}`]))
    // A compressed batch is sent whole: what lies before the position is left out.
    expect(textsOf(await read(alerts.topic, 3n, 12n))).toEqual(texts.slice(3))
  })

  test('an aborted transaction in the middle is not handed out, and its offsets are counted', async () => {
    const alerts = await newTopic()
    const begin = await alerts.openTransactions()
    await alerts.send(0, ['first'])
    const aborted = await begin()
    await aborted.send({ topic: alerts.topic, messages: [{ value: 'never' }, { value: 'never' }] })
    await aborted.abort()
    await alerts.ended(4n)
    await alerts.send(0, ['last'])
    const items = await read(alerts.topic, 'earliest', 5n)
    expect(packetsOf(items).map(({ offset, value }) => [offset, value.toString()])).toEqual([
      [0n, 'first'],
      [4n, 'last'],
    ])
  })

  test('the position goes past a transaction marker at the end, and past a batch of nothing else', async () => {
    const alerts = await newTopic()
    const begin = await alerts.openTransactions()
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await begin()
      await transaction.send({ topic: alerts.topic, messages: [{ value: end }] })
      await transaction[end]()
    }
    await alerts.ended(4n)
    const { feed } = await open(alerts.topic)
    expect(textsOf(await takeUntil(feed, upTo(4n)))).toEqual(['commit'])
    expect(feed.positions.get(0)).toBe(4n)
    expect(textsOf(await read(alerts.topic, 1n, 4n))).toEqual([])
  })

  test('two aborted transactions that overlap stay hidden from a reader that begins inside both', async () => {
    const alerts = await newTopic()
    const [beginOne, beginTwo] = await Promise.all([alerts.openTransactions(), alerts.openTransactions()])
    const [one, two] = await Promise.all([beginOne(), beginTwo()])
    const { topic } = alerts
    await one.send({ topic, messages: [{ value: 'one' }] })
    await two.send({ topic, messages: [{ value: 'two' }] })
    await two.send({ topic, messages: [{ value: 'two' }] })
    await one.send({ topic, messages: [{ value: 'one' }] })
    await alerts.send(0, ['seen'])
    await one.abort()
    await two.abort()
    await alerts.send(0, ['last'])
    expect(textsOf(await read(topic, 2n, 8n))).toEqual(['seen', 'last'])
  })

  test('with room for one partition at a time, partitions take turns, and a batch above the limit of a partition has its turn too', async () => {
    const alerts = await newTopic(3)
    const small = randomBytes(100_000)
    for (let sent = 0; sent < 12; sent++) for (const partition of [0, 1]) await alerts.send(partition, [small])
    await alerts.send(2, [randomBytes(1_000_000)])
    const { feed } = await open(alerts.topic, { maxBytes: 300_000, maxBytesPerPartition: 150_000 })
    const items = await takeUntil(feed, taken => upTo(12n, 0)(taken) || upTo(12n, 1)(taken))
    expect(new Set(items.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2]))
  })

  test('a partition that is added later is read from its first record', async () => {
    const alerts = await newTopic(1)
    await alerts.send(0, ['old'])
    const { feed } = await open(alerts.topic, { from: 'latest' })
    await alerts.addPartition('new')
    expect(textsOf(await takeUntil(feed, upTo(1n, 1)))).toEqual(['new'])
  })

  test.each(['latest', 1n] as const)(
    'what comes while the first fetch of a feed from %s waits came after the feed was opened',
    async from => {
      const alerts = await newTopic()
      await alerts.send(0, ['old'])
      const beganMs = Date.now()
      const { feed } = await open(alerts.topic, { from, maxWaitMs: 30_000 })
      expect(feed.readBy(0, 1n)).toBeGreaterThanOrEqual(beganMs)
      await alerts.send(0, ['new'])
      expect(textsOf(await takeUntil(feed, upTo(2n)))).toEqual(['new'])
      expect(feed.received(0, 0n).afterMs).toBe(Number.NEGATIVE_INFINITY)
      expect(feed.received(0, 1n).afterMs).toBeGreaterThanOrEqual(beganMs)
    },
  )

  test('an end before the position where a feed begins says nothing of what was read', async () => {
    const alerts = await newTopic()
    await alerts.send(0, ['old'])
    const { feed } = await open(alerts.topic, { from: 5n })
    expect(feed.readBy(0, 5n)).toBeUndefined()
  })
})
