import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copiedPosition } from './copied-offsets.ts'
import { openLagClock } from './lag-clock.ts'

describe('the clock of a partition', () => {
  test('tells since when the next record has been there', () => {
    const clock = openLagClock()
    clock.ended(10n, 1000)
    clock.ended(20n, 5000)
    clock.ended(30n, 9000)
    expect(clock.secondsBehind(10n, 10_000)).toBe(5)
    expect(clock.secondsBehind(20n, 10_000)).toBe(1)
    expect(clock.secondsBehind(30n, 10_000)).toBe(0)
  })

  test('agrees with the times at which records came, to within a look', () => {
    const steps = fc.array(fc.record({ added: fc.nat(5), read: fc.nat(5) }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, looks => {
        const clock = openLagClock()
        const cameAt: number[] = []
        let position = 0
        for (const [second, { added, read }] of looks.entries()) {
          for (let one = 0; one < added; one++) cameAt.push(second)
          position = Math.min(cameAt.length, position + read)
          clock.ended(BigInt(cameAt.length), second * 1000)
          const truth = position < cameAt.length ? second - cameAt[position]! : 0
          expect(clock.secondsBehind(BigInt(position), second * 1000)).toBe(truth)
        }
      }),
    )
  })

  test('begins anew when the log is shorter than it was', () => {
    const clock = openLagClock()
    clock.ended(100n, 0)
    clock.ended(1n, 60_000)
    expect(clock.secondsBehind(0n, 61_000)).toBe(1)
  })
})

const key = (fields: object) => Buffer.from(JSON.stringify(['MirrorSourceConnector', fields]))

test('MirrorMaker’s positions are read from Kafka Connect’s records, and nothing else is taken for one', () => {
  const at = { cluster: 'hub', partition: 2, topic: 'lsst-alerts-v11' }
  const value = Buffer.from('{"offset":41}')
  expect(copiedPosition(key(at), value)).toEqual({ topic: 'lsst-alerts-v11', partition: 2, next: 42n })
  expect(copiedPosition(key({ ...at, cluster: 'other' }), value)).toBeUndefined()
  expect(copiedPosition(key(at), Buffer.alloc(0))).toBeUndefined()
  expect(copiedPosition(null, value)).toBeUndefined()
  expect(copiedPosition(Buffer.from('no JSON'), value)).toBeUndefined()
})
