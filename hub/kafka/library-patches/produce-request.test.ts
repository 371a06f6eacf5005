// What we write is byte for byte what the library writes; only the copies are missing.
import { clientSoftwareVersion, type MessageRecord, produceV11 } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeProduce } from './produce-request.ts'
import { zeroCopyProduce } from './zero-copy-produce.ts'

const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const large = fc.integer({ min: 2000, max: 70_000 }).map(length => Buffer.alloc(length, length % 251))

const message = fc.record({
  topic: fc.constantFrom('filter.a', 'filter.b', 'skysieve.progress'),
  partition: fc.nat(2),
  key: fc.option(bytes(40), { nil: undefined }),
  value: fc.oneof<fc.Arbitrary<Buffer>[]>(bytes(300), large),
  headers: fc.array(fc.tuple(bytes(20), bytes(200)), { maxLength: 4 }).map(pairs => new Map(pairs)),
  // The library writes distances of more than 2^31 ms wrongly.
  timestamp: fc.bigInt({ min: 1_790_000_000_000n, max: 1_791_000_000_000n }),
})

test('a request has the bytes that the library would have written', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 30 }),
      fc.option(fc.constant('skysieve.m.0'), { nil: null }),
      fc.nat(1000),
      fc.nat(30_000),
      (drawn, transactionalId, sequence, producerEpoch) => {
        // The library puts partitions in the order of their numbers.
        const messages = drawn.toSorted((a, b) => a.partition - b.partition)
        const sequenceOf = (topic: string, partition: number): number => sequence + topic.length + partition
        const theirs = produceV11.createRequest(-1, 10_000, messages as MessageRecord[], {
          transactionalId,
          producerId: 9_007_199_254_740_993n,
          producerEpoch,
          sequences: {
            getWithDefault: (key: string) => sequenceOf(key.split(':')[0] ?? '', Number(key.split(':')[1])),
          } as never,
        }).buffer
        const ours = encodeProduce(messages, {
          acks: -1,
          timeoutMs: 10_000,
          transactionalId,
          producerId: 9_007_199_254_740_993n,
          producerEpoch,
          sequenceOf,
          nowMs: 0,
        })
        expect(Buffer.concat(ours.parts).equals(theirs)).toBe(true)
        expect(ours.length).toBe(theirs.length)
      },
    ),
  )
})

test('a packet is in the request itself, not a copy of it', () => {
  const packet = Buffer.alloc(110_000, 7)
  const { parts } = encodeProduce([{ topic: 'filter.a', value: packet }], {
    acks: -1,
    timeoutMs: 1,
    producerId: 1n,
    producerEpoch: 0,
    sequenceOf: () => 0,
    nowMs: 1,
  })
  expect(parts).toContain(packet)
})

test('the installed library is the one that requests were taken apart for', () => {
  expect(clientSoftwareVersion).toBe('2.12.1')
  expect(zeroCopyProduce).toBeDefined()
})
