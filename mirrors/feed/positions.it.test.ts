import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { type AlertTopic, openAlertTopic, packetsOf, takeUntil, textsOf } from './alert-topic.fixture.ts'
import { type Feed, type FeedBatch, type FeedItem, type FeedOptions, type StartPosition } from './feed.ts'
import { openFeed } from './open-feed.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})
const newTopic = async (partitions = 1): Promise<AlertTopic> => {
  const alerts = await openAlertTopic(inject('kafka').node, partitions)
  closers.push(alerts.close)
  return alerts
}
const open = async (topic: string, from: FeedOptions['from'], options: Partial<FeedOptions> = {}): Promise<Feed> => {
  const { signal } = new AbortController()
  const feed = await openFeed({ access: inject('kafka').node, topic, clientId: 'test-feed', from, signal, ...options })
  closers.push(() => feed.close())
  return feed
}
const reaches = (end: bigint) => (items: readonly FeedItem[]) =>
  items.some(item => (item.kind === 'gap' ? item.to : item.nextOffset) >= end)

describe('where a feed begins', () => {
  test('at an exact offset, at the first record, after the last, or at a time: each partition by itself', async () => {
    const alerts = await newTopic(4)
    for (const partition of [0, 1, 2, 3]) await alerts.send(partition, ['a', 'b'])
    await sleep(20)
    const timestampMs = Date.now()
    for (const partition of [0, 1, 2, 3]) await alerts.send(partition, ['c', 'd'])
    const feed = await open(
      alerts.topic,
      new Map<number, StartPosition>([
        [0, 1n],
        [1, 'latest'],
        [2, { timestampMs }],
      ]),
    )
    expect([...feed.starts]).toEqual([
      [0, 1n],
      [1, 4n],
      [2, 2n],
      [3, 0n],
    ])
    for (const partition of [0, 1, 2, 3]) await alerts.send(partition, ['e'])
    const items = await takeUntil(feed, taken => packetsOf(taken).length >= 4 + 1 + 3 + 5)
    const texts = (partition: number) => textsOf(items.filter(item => item.partition === partition)).join('')
    expect([0, 1, 2, 3].map(texts)).toEqual(['bcde', 'e', 'cde', 'abcde'])
  })

  test('at a time that no record has reached, it begins at the end', async () => {
    const alerts = await newTopic()
    await alerts.send(0, ['a', 'b'])
    const feed = await open(alerts.topic, { timestampMs: Date.now() + 3_600_000 })
    expect(feed.starts).toEqual(new Map([[0, 2n]]))
  })

  test('a topic that does not exist, and a partition it lacks, are refused by name', async () => {
    const alerts = await newTopic(2)
    await expect(open('test.feed.nowhere', 'earliest')).rejects.toMatchObject({ code: 'MIRROR_FEED_TOPIC' })
    await expect(open(alerts.topic, new Map([[7, 0n]]))).rejects.toMatchObject({
      code: 'MIRROR_FEED_TOPIC',
      message: expect.stringContaining('7'),
    })
  })

  test('a wrong password is said at once', async () => {
    const access = { ...inject('kafka').node, password: 'not-it' }
    await expect(open('any', 'earliest', { access })).rejects.toMatchObject({ code: 'MIRROR_FEED_READ' })
  })
})

describe('while it runs', () => {
  test('a seek backwards and one forwards: no packet from before the seek comes after it', async () => {
    const alerts = await newTopic()
    for (const text of ['a', 'b', 'c', 'd']) await alerts.send(0, [text])
    const feed = await open(alerts.topic, 'earliest', { maxBytesPerPartition: 1 })
    const seen: string[] = []
    for await (const item of feed) {
      seen.push(...textsOf([item]))
      if (seen.join('') === 'abcd') feed.seek(0, 1n)
      if (seen.join('') === 'abcdb') feed.seek(0, 3n)
      if (seen.length === 6) break
    }
    expect(seen.join('')).toBe('abcdbd')
  })

  test('records deleted under the reader are a gap with its offsets, and reading goes on behind it', async () => {
    const alerts = await newTopic()
    await alerts.send(0, ['a', 'b', 'c', 'd', 'e'])
    await alerts.deleteBefore(3n)
    const feed = await open(alerts.topic, new Map([[0, 1n]]))
    const items = await takeUntil(feed, reaches(5n))
    expect(items[0]).toEqual({ kind: 'gap', partition: 0, from: 1n, to: 3n })
    expect(textsOf(items)).toEqual(['d', 'e'])
  })

  test('a whole partition deleted under a seek is one gap up to its end', async () => {
    const alerts = await newTopic()
    await alerts.send(0, ['a', 'b'])
    await alerts.deleteBefore(2n)
    const feed = await open(alerts.topic, 'latest')
    feed.seek(0, 0n)
    for await (const item of feed) {
      expect(item).toEqual({ kind: 'gap', partition: 0, from: 0n, to: 2n })
      break
    }
  })

  test('a position behind the end of the topic ends the feed with an error, not with a jump', async () => {
    const alerts = await newTopic()
    await alerts.send(0, ['a'])
    const feed = await open(alerts.topic, new Map([[0, 99n]]))
    await expect(takeUntil(feed, () => false)).rejects.toMatchObject({
      code: 'MIRROR_FEED_AHEAD',
      message: expect.stringContaining('ends at 1, and 99'),
    })
  })

  test('what is held stays within maxBytes however much waits, and reading goes on when it is released', async () => {
    const alerts = await newTopic(2)
    const MB = 1024 * 1024
    for (let sent = 0; sent < 8; sent++) await alerts.send(sent % 2, [randomBytes(MB), randomBytes(MB)])
    const feed = await open(alerts.topic, 'earliest', { maxBytes: 4 * MB, maxBytesPerPartition: MB })
    const held: FeedBatch[] = []
    let packets = 0
    let most = 0
    for await (const item of feed) {
      if (item.kind === 'batch') held.push(item)
      packets += packetsOf([item]).length
      most = Math.max(
        most,
        held.reduce((sum, { bytes }) => sum + bytes, 0),
      )
      // A slow reader: nothing more comes in while nothing is released.
      if (most >= 2 * MB) {
        await sleep(50)
        for (const batch of held.splice(0)) batch.release()
      }
      if (packets === 16) break
    }
    expect(most).toBeLessThanOrEqual(4 * MB)
  })

  test('the signal ends the iteration without an error', async () => {
    const alerts = await newTopic()
    const stop = new AbortController()
    const feed = await open(alerts.topic, 'earliest', { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    expect(await takeUntil(feed, () => false)).toEqual([])
  })
})
