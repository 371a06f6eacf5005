import { describe, expect, test } from 'vitest'
import { advance, type Portion, startPoint, type UpstreamState } from './advance-progress.ts'
import { type UpstreamPacket } from './convert-packets.ts'
import { type UpstreamProgress } from './upstream-progress.ts'

const progress: UpstreamProgress = {
  topic: 'alerts',
  topicId: 'one',
  partitions: new Map([
    [0, { next: 100n, lastMs: 1000 }],
    [1, { next: 50n }],
  ]),
  packets: 150,
  bytes: 15_000,
  deadLetters: 1,
}
const state: UpstreamState = { progress, gaps: [] }
const packet = (partition: number, offset: bigint, timestampMs: number): UpstreamPacket => ({
  partition,
  offset,
  timestampMs,
  value: Buffer.alloc(10),
  headers: {},
})
const portion = (change: Partial<Portion>): Portion => ({
  packets: [],
  next: new Map(),
  gaps: [],
  made: { packets: 0, bytes: 0, deadLetters: 0 },
  ...change,
})

describe('what is committed', () => {
  test('moves positions, times of the newest packets and counts on', () => {
    const moved = advance(
      state,
      portion({
        packets: [packet(1, 50n, 2000), packet(1, 51n, 2500)],
        next: new Map([[1, 53n]]),
        made: { packets: 3, bytes: 300, deadLetters: 1 },
      }),
      9000,
    )
    expect(moved.state.progress).toEqual({
      ...progress,
      partitions: new Map([
        [0, { next: 100n, lastMs: 1000 }],
        [1, { next: 53n, lastMs: 2500 }],
      ]),
      packets: 153,
      bytes: 15_300,
      deadLetters: 2,
    })
    expect(moved.changed).toEqual([])
  })

  test('a gap has its offsets, when it was noticed, and the times of the packets around it', () => {
    const gaps = [{ kind: 'gap', partition: 0, from: 100n, to: 900n } as const]
    const { changed } = advance(
      state,
      portion({ gaps, packets: [packet(0, 901n, 7000)], next: new Map([[0, 902n]]) }),
      9000,
    )
    expect(changed).toEqual([{ partition: 0, from: 100n, to: 900n, atMs: 9000, sinceMs: 1000, untilMs: 7000 }])
  })

  test('the time of the first packet after a gap is added when that packet comes, once', () => {
    const gaps = [{ kind: 'gap', partition: 1, from: 50n, to: 60n } as const]
    const noticed = advance(state, portion({ gaps, next: new Map([[1, 60n]]) }), 9000)
    expect(noticed.changed).toEqual([{ partition: 1, from: 50n, to: 60n, atMs: 9000 }])
    const next = portion({ packets: [packet(1, 60n, 8000)], next: new Map([[1, 61n]]) })
    const known = advance(noticed.state, next, 9500)
    expect(known.changed).toEqual([{ partition: 1, from: 50n, to: 60n, atMs: 9000, untilMs: 8000 }])
    expect(advance(known.state, next, 9600).changed).toEqual([])
  })

  test('only so many gaps are kept, and those that are forgotten are told', () => {
    const gaps = Array.from({ length: 103 }, (_, at) => ({
      kind: 'gap' as const,
      partition: 0,
      from: BigInt(at * 10),
      to: BigInt(at * 10 + 5),
    }))
    const moved = advance(state, portion({ gaps }), 9000)
    expect(moved.state.gaps).toHaveLength(100)
    expect(moved.changed).toHaveLength(100)
    expect(moved.forgotten.map(({ from }) => from)).toEqual([0n, 10n, 20n])
  })
})

describe('a start', () => {
  const survey = {
    topic: 'alerts',
    topicId: 'one',
    firsts: new Map([
      [0, 80n],
      [1, 0n],
      [2, 0n],
    ]),
    ends: new Map([
      [0, 120n],
      [1, 50n],
      [2, 7n],
    ]),
  }

  test('goes on where it has committed; a partition that is new has no position', () => {
    const from = new Map([
      [0, 100n],
      [1, 50n],
    ])
    expect(startPoint(progress, survey)).toEqual({ kind: 'go-on', from, gaps: [] })
  })

  test('of an upstream that has brought nothing of this topic begins as its settings say', () => {
    expect(startPoint(undefined, survey)).toEqual({ kind: 'begin' })
    expect(startPoint(progress, { ...survey, topic: 'alerts-of-tonight' })).toEqual({ kind: 'begin' })
  })

  test('takes a topic that was made anew from its first record, and says that an unknown number is missing', () => {
    const firsts = new Map([[0, 0n]])
    expect(startPoint(progress, { topic: 'alerts', topicId: 'two', firsts, ends: new Map([[0, 3000n]]) })).toEqual({
      kind: 'go-on',
      from: new Map([[0, 0n]]),
      gaps: [{ kind: 'gap', partition: 0, from: 100n, to: 0n }],
    })
  })

  test('goes on at the end of a topic that lost its newest records, and does not take others twice', () => {
    const firsts = new Map([[0, 0n]])
    expect(startPoint(progress, { topic: 'alerts', topicId: 'one', firsts, ends: new Map([[0, 90n]]) })).toEqual({
      kind: 'go-on',
      from: new Map([[0, 90n]]),
      gaps: [{ kind: 'gap', partition: 0, from: 100n, to: 90n }],
    })
  })
})
