// The rules of positions.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { aheadOf, catchUp, covers, follow, isBehind } from './positions.ts'

/** Offsets of data records; what lies between them are control records. */
const partition = fc
  .uniqueArray(fc.bigInt(0n, 60n), { maxLength: 30 })
  .map(offsets => offsets.toSorted((a, b) => Number(a - b)))

const read = (log: readonly (readonly bigint[])[], counts: readonly number[]): Map<number, bigint> => {
  const positions = new Map<number, bigint>()
  log.forEach((offsets, index) => {
    for (const offset of offsets.slice(0, counts[index])) follow(positions, index, offset)
  })
  return positions
}

test('two lanes that have evaluated the same packets have equal positions, whatever control records lie between', () => {
  fc.assert(
    fc.property(fc.array(partition, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(30)), (log, counts) => {
      expect(read(log, counts)).toEqual(read(log, counts))
      expect(covers(read(log, counts), read(log, counts))).toBe(true)
    }),
  )
})

test('a filter that joins a lane ahead of it evaluates every packet exactly once', () => {
  fc.assert(
    fc.property(
      fc.array(partition, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(30), { minLength: 4, maxLength: 4 }),
      fc.array(fc.nat(30), { minLength: 4, maxLength: 4 }),
      (log, laneCounts, extra) => {
        const own = read(
          log,
          laneCounts.map((count, index) => count + (extra[index] ?? 0)),
        )
        const lane = read(log, laneCounts)
        expect(covers(own, lane)).toBe(true)
        const ahead = aheadOf(own, lane)
        log.forEach((offsets, index) => {
          const evaluated = offsets.slice(0, (laneCounts[index] ?? 0) + (extra[index] ?? 0))
          for (const offset of offsets.slice(laneCounts[index] ?? 0)) {
            follow(lane, index, offset)
            if (!isBehind(ahead, index, offset)) evaluated.push(offset)
          }
          expect(evaluated).toEqual(offsets)
        })
        catchUp(ahead, lane)
        expect(ahead.size).toBe(0)
      },
    ),
  )
})

test('a packet that was evaluated already is refused', () => {
  const positions = new Map([[0, 10n]])
  expect(() => follow(positions, 0, 9n)).toThrow(expect.objectContaining({ code: 'FILTER_POSITION' }))
})

test('a lane that is behind on one partition does not cover the other', () => {
  expect(
    covers(
      new Map([
        [0, 9n],
        [1, 4n],
      ]),
      new Map([
        [0, 5n],
        [1, 5n],
      ]),
    ),
  ).toBe(false)
})
