// When visits end whatever timestamps their packets have: a partition-wise log, read live, late, or by one worker after another.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { doneMs, isOver, streamClock } from './visit-over.ts'
import { type PartitionTime, timePacket } from './visit-time.ts'

const PARTITIONS = 3
const RULE = { quietMs: 15_000, deadlineMs: 90_000 }
const START_MS = 1_000_000_000
const HOUR_MS = 3_600_000

/** What a survey may write into a record that it sends at `sentMs`. */
const STAMPS = {
  true: (sentMs: number) => sentMs,
  old: (sentMs: number) => sentMs - 2 * HOUR_MS,
  ahead: (sentMs: number) => sentMs + 50 * 60_000,
  equal: (_sentMs: number, firstMs: number) => firstMs,
  missing: () => -1,
  mixed: (sentMs: number) => (sentMs % 3 === 0 ? -1 : sentMs % 3 === 1 ? sentMs - 2 * HOUR_MS : sentMs + HOUR_MS),
} as const
type Stamp = keyof typeof STAMPS

interface Sent {
  readonly visit: bigint
  readonly partition: number
  readonly sentMs: number
  readonly timestampMs: number
}

/** A visit of `packets`, one each `everyMs`. */
const visitOf = (visit: number, stamp: Stamp, startMs: number, packets: number, everyMs = 700): Sent[] =>
  Array.from({ length: packets }, (_, index) => {
    const sentMs = startMs + index * everyMs
    return {
      visit: BigInt(visit),
      partition: index % PARTITIONS,
      sentMs,
      timestampMs: STAMPS[stamp](sentMs, startMs),
    }
  })

interface Life {
  readonly visits: Map<bigint, { firstMs: number; lastMs: number; taken: number; closedMs?: number }>
  readonly clocks: Map<number, PartitionTime>
}

/**
 * Reads the log at each of `polls`, all of what is there but for at most `perPoll` packets; at `restarts` it forgets what is not committed: when it last saw the
 * log's end, but for once a minute, and doubts. A visit takes packets until it is over.
 */
function read(log: readonly Sent[], polls: readonly number[], restarts: ReadonlySet<number>, perPoll = Infinity): Life {
  const life: Life = { visits: new Map(), clocks: new Map() }
  const queues = Array.from({ length: PARTITIONS }, (_, partition) => log.filter(one => one.partition === partition))
  const readMs = Array.from({ length: PARTITIONS }, () => 0)
  let seenEndMs: (number | undefined)[] = Array.from({ length: PARTITIONS }, () => undefined)
  for (const nowMs of polls) {
    if (restarts.has(nowMs)) {
      seenEndMs = seenEndMs.map(() => undefined)
      for (const [partition, { newestMs, readMs: ms }] of life.clocks)
        life.clocks.set(partition, { newestMs, readMs: ms })
    }
    queues.forEach((queue, partition) => {
      const came = { afterMs: seenEndMs[partition] ?? Number.NEGATIVE_INFINITY, byMs: nowMs }
      for (let taken = 0; taken < perPoll && (queue[0]?.sentMs ?? Infinity) <= nowMs; taken++) {
        const packet = queue.shift()
        if (packet === undefined) break
        const { visit } = packet
        const { atMs, time } = timePacket(life.clocks.get(partition) ?? { newestMs: 0, readMs: readMs[partition] }, {
          ...packet,
          came,
        })
        const state = life.visits.get(visit) ?? { firstMs: atMs, lastMs: atMs, taken: 0 }
        life.visits.set(visit, state)
        state.firstMs = Math.min(state.firstMs, atMs)
        state.lastMs = Math.max(state.lastMs, atMs)
        if (state.closedMs === undefined) state.taken++
        life.clocks.set(partition, { ...time, readMs: readMs[partition] })
      }
      if ((queue[0]?.sentMs ?? Infinity) > nowMs) {
        seenEndMs[partition] = nowMs
        // Written down now and then.
        if (nowMs > (readMs[partition] ?? 0) + 60_000) readMs[partition] = nowMs
      }
    })
    const clockMs = streamClock(
      queues.map((_, partition) => {
        const readMs = seenEndMs[partition]
        const newestMs = life.clocks.get(partition)?.newestMs ?? 0
        return { newestMs, doneMs: readMs === undefined ? undefined : doneMs(readMs, 0, RULE) }
      }),
    )
    for (const state of life.visits.values()) if (isOver(state, clockMs, RULE)) state.closedMs ??= nowMs
  }
  return life
}

const every = (fromMs: number, toMs: number, stepMs: number): number[] =>
  Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, (_, index) => fromMs + index * stepMs)

const stamps = fc.constantFrom(...(Object.keys(STAMPS) as Stamp[]))

test.each(Object.keys(STAMPS) as Stamp[])(
  'a visit alone in its topic takes all 40 packets and ends 15 s after the last: timestamps %s',
  stamp => {
    const log = visitOf(1, stamp, START_MS, 40)
    const { visits } = read(log, every(START_MS - 5000, START_MS + 80_000, 100), new Set())
    const state = visits.get(1n)
    expect(state?.taken).toBe(40)
    const lastMs = log.at(-1)?.sentMs ?? 0
    expect((state?.closedMs ?? Infinity) - lastMs).toBeGreaterThanOrEqual(RULE.quietMs - 1000)
    expect((state?.closedMs ?? Infinity) - lastMs).toBeLessThan(RULE.quietMs + 1000)
  },
)

test('whatever timestamps visits have, and whenever a worker is killed, each takes all of its packets, and all are over soon after', () => {
  const visit = fc.record({ stamp: stamps, afterMs: fc.nat(60_000), packets: fc.integer({ min: 1, max: 40 }) })
  const downs = fc.array(fc.record({ atMs: fc.nat(150_000), forMs: fc.integer({ min: 100, max: 14_000 }) }), {
    maxLength: 3,
  })
  fc.assert(
    fc.property(fc.array(visit, { minLength: 1, maxLength: 6 }), downs, (list, breaks) => {
      const log = list
        .flatMap(({ stamp, afterMs, packets }, index) => visitOf(index, stamp, START_MS + afterMs, packets))
        .toSorted((a, b) => a.sentMs - b.sentMs)
      const isDown = (ms: number): boolean =>
        breaks.some(({ atMs, forMs }) => ms >= START_MS + atMs && ms < START_MS + atMs + forMs)
      const ticks = every(START_MS - 5000, START_MS + 240_000, 100)
      const polls = ticks.filter(ms => !isDown(ms))
      const restarts = new Set(polls.filter(ms => isDown(ms - 100)))
      const { visits } = read(log, polls, restarts)
      list.forEach(({ packets }, index) => {
        const state = visits.get(BigInt(index))
        expect(state).toMatchObject({ taken: packets, closedMs: expect.any(Number) as number })
      })
    }),
    { numRuns: 300 },
  )
})

test('a lane that catches up with an hour takes of a visit what a live one takes, and nothing that came after its end', () => {
  const late = fc.record({ visit: fc.nat(6), afterMs: fc.integer({ min: 60_000, max: 90_000 }) })
  fc.assert(
    fc.property(fc.array(late, { maxLength: 10 }), fc.integer({ min: 1, max: 4 }), (lates, perPoll) => {
      const log = Array.from({ length: 11 }, (_, index) =>
        visitOf(index - 1, 'true', START_MS + (index - 1) * 37_000, 30),
      )
        .flat()
        .concat(
          lates.map(({ visit, afterMs }) => {
            const sentMs = START_MS + visit * 37_000 + 30 * 700 + afterMs
            return { visit: BigInt(visit), partition: 0, sentMs, timestampMs: sentMs }
          }),
        )
        .toSorted((a, b) => a.sentMs - b.sentMs)
      const before = every(START_MS - 40_000, START_MS - 3000, 100)
      const live = read(log, [...before, ...every(START_MS - 3000, START_MS + 700_000, 100)], new Set())
      const from = START_MS + HOUR_MS
      const later = read(log, [...before, ...every(from, from + 700_000, 100)], new Set([from]), perPoll)
      for (const [visit, { taken }] of live.visits) expect(later.visits.get(visit)?.taken).toBe(taken)
      expect([...later.visits.values()].every(({ closedMs }) => closedMs !== undefined)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('a visit that was stamped ahead ends no other one before its time, also in a lane that catches up', () => {
  const log = [
    ...visitOf(1, 'true', START_MS, 40),
    ...visitOf(2, 'ahead', START_MS + 5000, 20),
    ...visitOf(3, 'true', START_MS + 20_000, 40),
  ].toSorted((a, b) => a.sentMs - b.sentMs)
  const from = START_MS + 2 * HOUR_MS
  const { visits } = read(log, every(from, from + 60_000, 100), new Set([from]), 2)
  expect([1n, 2n, 3n].map(visit => visits.get(visit)?.taken)).toEqual([40, 20, 40])
  expect([1n, 2n, 3n].every(visit => visits.get(visit)?.closedMs !== undefined)).toBe(true)
})
