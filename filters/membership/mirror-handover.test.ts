// A move from one mirror to another: every alert is one node's, and only one's.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Manifest } from '../manifest.ts'
import { ShardState } from '../progress/shard-state.ts'
import { recordFor } from './desired-filters.ts'
import { arrivalOf, cutOf, finishes, isToBeCut, shareOf } from './mirror-handover.ts'

const [OLD, NEW] = [
  { mirror: 'old', shard: 0, streams: ['s'] },
  { mirror: 'new', shard: 0, streams: ['s'] },
]
const at = '2026-01-01T00:00:00Z'
const until = '2026-01-01T00:30:00Z'
const base = { placement: { mirror: 'old', shard: 0 }, active: 1, generation: 1 } as Manifest
const MINUTE = 60_000

test('whatever was evaluated before the cut, every alert is evaluated by one node exactly once', () => {
  const packet = fc.record({
    visit: fc.bigInt(1n, 6n),
    timestampMs: fc.integer({ min: 0, max: 60 * MINUTE }),
    isDone: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 40 }), packets => {
      const shardState = new ShardState()
      const newestMs = new Map<number, number>()
      for (const { visit, timestampMs } of packets.filter(({ isDone }) => isDone)) {
        const state = shardState.visit('f', visit, timestampMs, 0)
        state.lastMs = Math.max(state.lastMs, timestampMs)
        newestMs.set(0, Math.max(newestMs.get(0) ?? 0, timestampMs))
      }
      const record = { ...recordFor(base, undefined), lane: 'live.s' }
      shardState.filters.set('f', record)
      shardState.lanes.set('live.s', { stream: 's', positions: new Map(), schemas: [], newestMs })
      const moving = { ...base, moving: { to: { mirror: 'new', shard: 0 }, at } }
      expect(isToBeCut(moving, record, OLD)).toBe(true)
      const cut = (record.cut = cutOf(shardState, 'f', at, 60 * MINUTE))
      const leaving = shareOf(moving, record, OLD)
      const handover = { from: moving.placement!, at, until, sinceMs: cut.sinceMs, visits: cut.visits.map(String) }
      const moved: Manifest = { ...base, placement: { mirror: 'new', shard: 0 }, handover }
      const [old, fresh] = [shareOf(moved, record, OLD), shareOf(moved, recordFor(moved, undefined), NEW)]
      for (const { visit, timestampMs, isDone } of packets) {
        const isOld = old?.(visit, timestampMs, timestampMs) === true
        expect(leaving?.(visit, timestampMs, timestampMs)).toBe(isOld)
        expect(fresh?.(visit, timestampMs, timestampMs)).toBe(!isOld)
        if (isDone) expect(isOld).toBe(true)
      }
    }),
  )
})

test('the old node finishes until its time is over, and the new one begins once', () => {
  const handover = { from: { mirror: 'old', shard: 0 }, at, until, sinceMs: 5, visits: ['1'] }
  const moved: Manifest = { ...base, placement: { mirror: 'new', shard: 0 }, handover }
  expect(finishes(moved, OLD, Date.parse(until) - 1)).toBe(true)
  expect(finishes(moved, OLD, Date.parse(until))).toBe(false)
  expect(finishes(moved, NEW, 0)).toBe(false)
  const record = recordFor(moved, undefined)
  expect(arrivalOf(moved, record, NEW)).toBe(handover)
  expect(arrivalOf(moved, { ...record, arrived: at }, NEW)).toBeUndefined()
  expect(arrivalOf(moved, record, OLD)).toBeUndefined()
})

test('a topic that is replayed with old timestamps after the old node’s time is the new node’s, but for visits whose cap was counted on the old one', () => {
  const handover = { from: { mirror: 'old', shard: 0 }, at, until, sinceMs: 5000, visits: ['1'] }
  const moved: Manifest = { ...base, placement: { mirror: 'new', shard: 0 }, handover }
  const [old, fresh] = [OLD, NEW].map(place => shareOf(moved, recordFor(moved, undefined), place))
  const endMs = Date.parse(until)
  for (const timestampMs of [-1, 4000]) {
    expect([old?.(2n, timestampMs, endMs - 1), fresh?.(2n, timestampMs, endMs - 1)]).toEqual([true, false])
    expect([old?.(2n, timestampMs, endMs), fresh?.(2n, timestampMs, endMs)]).toEqual([false, true])
    expect([old?.(1n, timestampMs, endMs), fresh?.(1n, timestampMs, endMs)]).toEqual([true, false])
  }
})
