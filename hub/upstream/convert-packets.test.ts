import { expect, test } from 'vitest'
import { HubError } from '../errors.ts'
import { framePacket } from '../packet-frame.ts'
import {
  convertPacket,
  copyPackets,
  deadLetter,
  MAX_MESSAGE_BYTES,
  schemaIdsOf,
  type UpstreamPacket,
} from './convert-packets.ts'

const NOW = 1_800_000_000_000
const convert = copyPackets({ topic: 'hub-alerts', partitions: 8, source: 'alerts', now: () => NOW })
const letterOf = (packet: UpstreamPacket, error: HubError) => deadLetter('letters', 'rubin', 'alerts', packet, error)
const packet: UpstreamPacket = {
  partition: 13,
  offset: 7n,
  timestampMs: NOW - 5000,
  key: Buffer.from('key'),
  value: framePacket(1101, Buffer.from('alert')),
  headers: { made: Buffer.from('here'), twice: [Buffer.from('a'), Buffer.from('b')] },
}

test('a packet goes on as it came, into a partition that holds the order of its own', async () => {
  const { key, value, headers, timestampMs } = packet
  expect(await convertPacket(packet, convert, letterOf)).toMatchObject({
    messages: [{ topic: 'hub-alerts', partition: 5, key, value, headers, timestampMs }],
    letters: [],
  })
})

test.each([
  ['without a time', -1],
  ['more than an hour ahead, which Kafka refuses', NOW + 3_700_000],
])('a packet %s gets the time of its arrival', async (_what, timestampMs) => {
  const { messages } = await convertPacket({ ...packet, timestampMs }, convert, letterOf)
  expect(messages[0]).not.toHaveProperty('timestampMs')
})

test('what no topic of the hub takes is a dead letter that says so, without its bytes', async () => {
  const value = Buffer.alloc(MAX_MESSAGE_BYTES)
  const { messages, letters } = await convertPacket({ ...packet, value }, convert, letterOf)
  expect(messages).toEqual([])
  expect(letters).toEqual([
    {
      topic: 'letters',
      value: Buffer.alloc(0),
      headers: {
        ...packet.headers,
        'skysieve-reason': 'HUB_MESSAGE_TOO_LARGE',
        'skysieve-message': expect.stringMatching(/takes packets of up to/),
        'skysieve-source': 'alerts-13-7',
        'skysieve-upstream': 'rubin',
      },
    },
  ])
})

test('what is no packet’s fault ends the conversion', async () => {
  const stop = new DOMException('stopped', 'AbortError')
  await expect(convertPacket(packet, () => Promise.reject(stop), letterOf)).rejects.toBe(stop)
})

test('the schemas of packets are looked for once each, and those of damaged frames not at all', () => {
  const values = [
    packet.value,
    packet.value,
    framePacket(1102, Buffer.from('x')),
    Buffer.from('noise'),
    Buffer.alloc(0),
  ]
  expect([...schemaIdsOf(values.map(value => ({ ...packet, value })))]).toEqual([1101, 1102])
})
