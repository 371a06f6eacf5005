import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import { afterEach, expect, inject, test } from 'vitest'
import { type AlertTopic, openAlertTopic } from './alert-topic.fixture.ts'
import { openPacketReader, readPackets } from './read-packets.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})
const newTopic = async (partitions = 1): Promise<AlertTopic> => {
  const alerts = await openAlertTopic(inject('kafka').node, partitions)
  closers.push(alerts.close)
  return alerts
}
const { signal } = new AbortController()

test('packets are read again by partition and offset, in the order asked for, whatever their batch and size', async () => {
  const alerts = await newTopic(2)
  const values = Array.from({ length: 12 }, () => randomBytes(200_000))
  await alerts.send(0, values.slice(0, 6), kafkajs.CompressionTypes.LZ4)
  await alerts.send(0, values.slice(6))
  await alerts.send(1, [randomBytes(9 * 1024 * 1024)])
  const places = [
    { partition: 0, offset: 11n },
    { partition: 1, offset: 0n },
    { partition: 0, offset: 3n },
  ]
  const reader = openPacketReader(inject('kafka').node, 'test-again', alerts.topic)
  closers.push(() => reader.close())
  for (const _time of [1, 2]) {
    const { found, gone } = await reader.read(places, signal)
    expect(gone).toEqual([])
    expect(found.map(({ partition, offset }) => ({ partition, offset }))).toEqual(places)
    expect([found[0]?.value.equals(values[11]!), found[2]?.value.equals(values[3]!)]).toEqual([true, true])
    expect(found[1]?.value.length).toBe(9 * 1024 * 1024)
  }
})

test('a packet that retention took, one that was aborted, and one that never was, are said to be gone', async () => {
  const alerts = await newTopic()
  const begin = await alerts.openTransactions()
  await alerts.send(0, ['a', 'b'])
  const aborted = await begin()
  await aborted.send({ topic: alerts.topic, messages: [{ value: 'never' }] })
  await aborted.abort()
  await alerts.ended(4n)
  await alerts.deleteBefore(1n)
  const places = [0n, 1n, 2n, 99n].map(offset => ({ partition: 0, offset }))
  const { found, gone } = await readPackets(inject('kafka').node, alerts.topic, places, signal)
  expect(found.map(({ value }) => value.toString())).toEqual(['b'])
  expect(gone.map(({ offset }) => offset)).toEqual([0n, 2n, 99n])
})

test('a packet that is not there yet is waited for: an empty answer is none', async () => {
  const alerts = await newTopic()
  await alerts.send(0, ['a', 'b'])
  const reader = openPacketReader(inject('kafka').node, 'test-again', alerts.topic)
  closers.push(() => reader.close())
  const places = [0n, 2n].map(offset => ({ partition: 0, offset }))
  const reading = reader.read(places, signal)
  const other = await readPackets(inject('kafka').node, alerts.topic, [{ partition: 0, offset: 1n }], signal)
  expect(other.found).toHaveLength(1)
  await alerts.send(0, ['c'])
  const { found, gone } = await reading
  expect(found.map(({ value }) => value.toString())).toEqual(['a', 'c'])
  expect(gone).toEqual([])
})

test('a pass over the topic brings no more than it may, and what it leaves is neither found nor gone', async () => {
  const alerts = await newTopic(2)
  for (let sent = 0; sent < 10; sent++)
    for (const partition of [0, 1]) await alerts.send(partition, [randomBytes(500_000)])
  const places = [0, 1].flatMap(partition =>
    Array.from({ length: 10 }, (_, offset) => ({ partition, offset: BigInt(offset) })),
  )
  const reader = openPacketReader(inject('kafka').node, 'test-again', alerts.topic)
  closers.push(() => reader.close())
  let left = places
  for (let passes = 0; left.length > 0; passes++) {
    const { found, gone } = await reader.read(left, signal, 1_500_000)
    expect(gone).toEqual([])
    expect(found.length).toBeGreaterThan(0)
    if (passes === 0) expect(found.length).toBeLessThan(places.length)
    left = left.filter(
      ({ partition, offset }) => !found.some(one => one.partition === partition && one.offset === offset),
    )
  }
})
