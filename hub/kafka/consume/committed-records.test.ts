import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { committedRecords, type FetchedBatch } from './committed-records.ts'

const TRANSACTIONAL = 0b01_0000
const CONTROL = 0b10_0000

const batch = (firstOffset: number, values: readonly string[], attributes = 0, producerId = -1): FetchedBatch => ({
  firstOffset: BigInt(firstOffset),
  lastOffsetDelta: values.length - 1,
  attributes,
  firstTimestamp: 1000n,
  producerId: BigInt(producerId),
  records: values.map((value, offsetDelta) => ({
    offsetDelta,
    timestampDelta: BigInt(offsetDelta),
    key: null,
    value: Buffer.from(value),
    headers: [],
  })),
})

const marker = (offset: number, producerId: number): FetchedBatch =>
  batch(offset, ['marker'], TRANSACTIONAL | CONTROL, producerId)
const valuesOf = (...args: Parameters<typeof committedRecords>): string[] =>
  committedRecords(...args).records.map(({ value }) => String(value))

describe('committed records', () => {
  test('carry their offset and time', () => {
    const { records, next } = committedRecords([batch(5, ['a', 'b'])], [], 5n)
    expect(records.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
      [5n, 1000],
      [6n, 1001],
    ])
    expect(next).toBe(7n)
  })

  test('leave out what lies before the position in a batch that begins earlier', () => {
    expect(valuesOf([batch(5, ['a', 'b', 'c'])], [], 6n)).toEqual(['b', 'c'])
  })

  test('leave out markers but pass over them', () => {
    const { records, next } = committedRecords([batch(0, ['a'], TRANSACTIONAL, 7), marker(1, 7)], [], 0n)
    expect(records).toHaveLength(1)
    expect(next).toBe(2n)
  })

  test('leave out an aborted transaction, and keep the same producer’s next one and others’ in between', () => {
    const batches = [
      batch(0, ['aborted'], TRANSACTIONAL, 7),
      batch(1, ['other'], TRANSACTIONAL, 8),
      batch(2, ['plain']),
      batch(3, ['aborted too'], TRANSACTIONAL, 7),
      marker(4, 7),
      batch(5, ['kept'], TRANSACTIONAL, 7),
      marker(6, 8),
      marker(7, 7),
    ]
    expect(valuesOf(batches, [{ producerId: 7n, firstOffset: 0n }], 0n)).toEqual(['other', 'plain', 'kept'])
  })

  test('are, for any interleaving of transactions and any page size, those of committed transactions in order', () => {
    const step = fc.record({
      producer: fc.integer({ min: 0, max: 3 }),
      action: fc.constantFrom('write', 'write', 'commit', 'abort'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, pageBatches) => {
        const log: FetchedBatch[] = []
        const open = new Map<number, { first: number; values: string[] }>()
        const aborted: { producerId: bigint; firstOffset: bigint; last: bigint }[] = []
        const committed = new Set<string>()
        const finish = (producer: number, action: string): void => {
          const transaction = open.get(producer)
          if (transaction === undefined) return
          if (action === 'commit') for (const value of transaction.values) committed.add(value)
          else
            aborted.push({
              producerId: BigInt(producer),
              firstOffset: BigInt(transaction.first),
              last: BigInt(log.length),
            })
          open.delete(producer)
          log.push(marker(log.length, producer))
        }
        for (const { producer, action } of steps) {
          if (action !== 'write') {
            finish(producer, action)
            continue
          }
          const transaction = open.get(producer) ?? { first: log.length, values: [] }
          open.set(producer, transaction)
          transaction.values.push(String(log.length))
          log.push(batch(log.length, [String(log.length)], TRANSACTIONAL, producer))
        }
        for (const producer of open.keys()) finish(producer, 'abort')
        // The broker names, for each page, the aborted transactions that overlap it.
        const found: string[] = []
        for (let next = 0n; next < log.length;) {
          const page = log.slice(Number(next), Number(next) + pageBatches)
          const end = next + BigInt(page.length)
          const overlapping = aborted.filter(({ firstOffset, last }) => firstOffset < end && last >= next)
          const read = committedRecords(page, overlapping, next)
          found.push(...read.records.map(({ value }) => String(value)))
          next = read.next
        }
        expect(found).toEqual(log.map((_, offset) => String(offset)).filter(value => committed.has(value)))
      }),
    )
  })
})
