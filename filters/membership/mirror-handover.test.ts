// A move from one mirror to another: every alert is one node's, and only one's.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Manifest } from '../manifest.ts'
import { ShardState } from '../progress/shard-state.ts'
import { recordFor } from './desired-filters.ts'
import { arrivalOf, cutOf, cutUnbegun, finishes, isOverHere, isToBeCut, shareOf } from './mirror-handover.ts'

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
      const cut = (record.cut = cutOf(shardState, 'f', moving.moving, 60 * MINUTE))
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

const handover = { from: { mirror: 'old', shard: 0 }, at, until, sinceMs: 5, visits: ['1'] }
const moved: Manifest = { ...base, placement: { mirror: 'new', shard: 0 }, handover }
const endMs = Date.parse(until)

test('the old node finishes until its time is over, and the new one begins once', () => {
  const [known, rests] = [{ ...recordFor(moved, undefined), lane: 'live.s' }, recordFor(moved, undefined)]
  const isDone = { nowMs: endMs, evaluatedMs: endMs }
  expect(finishes(moved, known, OLD, { ...isDone, nowMs: endMs - 1 })).toBe(true)
  expect(finishes(moved, known, OLD, isDone)).toBe(false)
  expect(finishes(moved, rests, OLD, { nowMs: endMs, evaluatedMs: undefined })).toBe(false)
  expect(finishes(moved, known, NEW, { nowMs: 0, evaluatedMs: 0 })).toBe(false)
  expect(arrivalOf(moved, rests, NEW)).toBe(handover)
  expect(arrivalOf(moved, undefined, NEW)).toBe(handover)
  expect(arrivalOf(moved, { ...rests, arrived: at }, NEW)).toBeUndefined()
  expect(arrivalOf(moved, rests, OLD)).toBeUndefined()
})

test('a node that was cut off finishes what it had begun when it is back, though its time is over, but not for ever', () => {
  const known = { ...recordFor(moved, undefined), lane: 'live.s' }
  for (const evaluatedMs of [endMs - 1, undefined])
    expect(finishes(moved, known, OLD, { nowMs: endMs + MINUTE, evaluatedMs })).toBe(true)
  expect(finishes(moved, known, OLD, { nowMs: endMs + 25 * 60 * MINUTE, evaluatedMs: 0 })).toBe(false)
})

test('visits are over when everything was evaluated until no packet of them can come any more, and none waits to be delivered', () => {
  const shardState = new ShardState()
  const state = shardState.visit('f', 1n, 10 * MINUTE, 0)
  expect(isOverHere(shardState, 'f', handover, 20 * MINUTE)).toBe(false)
  expect(isOverHere(shardState, 'f', handover, 20 * MINUTE + 1)).toBe(true)
  expect(isOverHere(shardState, 'f', { ...handover, lateMs: MINUTE }, 11 * MINUTE + 1)).toBe(true)
  const source = { topic: 's', partition: 0, offset: 0n }
  state.held = [{ alert: 1n, score: 1, source, version: 1 }]
  shardState.hold('f', 1n)
  expect(isOverHere(shardState, 'f', handover, 60 * MINUTE)).toBe(false)
})

test('of a filter that rests, visits that had begun stay and everything from now on is the new node’s; one that never began starts there as its owner wants', () => {
  const shardState = new ShardState()
  shardState.filters.set('f', recordFor(base, undefined))
  for (const minutes of [45, 55]) shardState.visit('f', BigInt(minutes), minutes * MINUTE, 0)
  const move = { to: { mirror: 'new', shard: 0 }, at }
  expect(cutOf(shardState, 'f', move, 60 * MINUTE)).toEqual({ at, sinceMs: 60 * MINUTE, visits: [55n] })
  const since = (['now', 'earliest', { timestampMs: 7 }] as const).map(start => cutUnbegun(start, move, 9).sinceMs)
  expect(since).toEqual([9, 0, 7])
})

test('a topic that is replayed with old timestamps after the old node’s time is the new node’s, but for visits whose cap was counted on the old one', () => {
  const replayed: Manifest = { ...moved, handover: { ...handover, sinceMs: 5000 } }
  const [old, fresh] = [OLD, NEW].map(place => shareOf(replayed, recordFor(replayed, undefined), place))
  for (const timestampMs of [-1, 4000]) {
    expect([old?.(2n, timestampMs, endMs - 1), fresh?.(2n, timestampMs, endMs - 1)]).toEqual([true, false])
    expect([old?.(2n, timestampMs, endMs), fresh?.(2n, timestampMs, endMs)]).toEqual([false, true])
    expect([old?.(1n, timestampMs, endMs), fresh?.(1n, timestampMs, endMs)]).toEqual([true, false])
  }
})
