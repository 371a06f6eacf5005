import { expect, test } from 'vitest'
import { HubError } from '../errors.ts'
import { type CommitBatch } from '../kafka/consume/commit-batches.ts'
import { type Message } from '../kafka/produce/messages.ts'
import { cutPortions } from './cut-portions.ts'
import { type UpstreamPacket } from './convert-packets.ts'

const packet = (partition: number, offset: number): UpstreamPacket => ({
  partition,
  offset: BigInt(offset),
  timestampMs: 0,
  value: Buffer.from(`${partition}:${offset}`),
  headers: {},
})
/** Each record gives two messages of 1000 bytes. */
const convert = ({ value, partition }: UpstreamPacket): Message[] => {
  if (value.toString().endsWith('13')) throw new HubError('HUB_CONTAINER_INVALID', 'unlucky')
  return [0, 1].map(at => ({ topic: 'hub', partition, key: `${value.toString()}.${at}`, value: Buffer.alloc(1000) }))
}
const letterOf = ({ value }: UpstreamPacket, { code }: HubError): Message => ({ topic: 'letters', key: code, value })
const batch = {
  packets: [packet(0, 10), packet(0, 11), packet(1, 5), packet(0, 30), packet(0, 31)],
  next: new Map([
    [0, 33n],
    [1, 6n],
  ]),
  gaps: [{ kind: 'gap', partition: 0, from: 12n, to: 30n }],
} satisfies Pick<CommitBatch, 'packets' | 'next' | 'gaps'>
const keysOf = (messages: readonly Message[]): string[] => messages.map(({ key }) => String(key))

test('a batch that fits is one portion, with its positions and gaps', async () => {
  const [portion, ...others] = await Array.fromAsync(cutPortions(batch, convert, letterOf))
  expect(others).toEqual([])
  expect(portion).toMatchObject({
    next: batch.next,
    gaps: batch.gaps,
    isLast: true,
    made: { packets: 10, bytes: 10_000 },
  })
})

test('a larger one ends inside: each record is in one portion, and each portion says where to read on', async () => {
  const portions = await Array.fromAsync(cutPortions(batch, convert, letterOf, 4000))
  expect(portions.map(({ messages }) => keysOf(messages))).toEqual([
    ['0:10.0', '0:10.1', '0:11.0', '0:11.1'],
    ['1:5.0', '1:5.1', '0:30.0', '0:30.1'],
    ['0:31.0', '0:31.1'],
  ])
  expect(portions.map(({ next }) => [...next])).toEqual([
    [[0, 12n]],
    [
      [1, 6n],
      [0, 31n],
    ],
    [...batch.next],
  ])
  // Not before it is passed: a start in between would find it again.
  expect(portions.map(({ gaps }) => gaps.length)).toEqual([0, 1, 0])
  expect(portions.map(({ isLast }) => isLast)).toEqual([false, false, true])
})

test('a record that cannot be read is a dead letter in its place', async () => {
  const bad = { ...batch, packets: [packet(0, 12), packet(0, 13), packet(0, 14)], gaps: [] }
  const [portion] = await Array.fromAsync(cutPortions(bad, convert, letterOf))
  expect(keysOf(portion!.messages)).toEqual(['0:12.0', '0:12.1', '0:14.0', '0:14.1'])
  expect(portion!.letters).toEqual([{ topic: 'letters', key: 'HUB_CONTAINER_INVALID', value: Buffer.from('0:13') }])
  expect(portion!.made).toEqual({ packets: 4, bytes: 4000, deadLetters: 1 })
})

test('a batch of nothing but markers moves positions on', async () => {
  const empty = { packets: [], next: new Map([[0, 4n]]), gaps: [] }
  const portions = await Array.fromAsync(cutPortions(empty, convert, letterOf))
  expect(portions).toHaveLength(1)
  expect(portions[0]).toMatchObject({ messages: [], next: empty.next, isLast: true })
})
