// A topic that does not have what a shard stands at.
import { beforeEach, expect, test } from 'vitest'
import { newVisit } from '../cap/visit.ts'
import { ShardState } from './shard-state.ts'
import { isAhead, isMadeAnew, setBack } from './truncated-log.ts'

const at = (...offsets: bigint[]): Map<number, bigint> => new Map(offsets.entries())
const now = (id: string, ...ends: bigint[]) => ({ topic: 't', id, ends: at(...ends) })

let shardState: ShardState
beforeEach(() => {
  shardState = new ShardState()
  const lane = { stream: 's', schemas: [], newestMs: new Map<number, number>() }
  shardState.lanes.set('live.s', { ...lane, topicId: 'a', positions: at(10n, 20n) })
  shardState.lanes.set('own.f', { ...lane, positions: at(4n, 20n) })
  shardState.lanes.set('live.other', { ...lane, stream: 'other', topicId: 'z', positions: at(99n) })
  shardState.restore(
    'filter/f',
    JSON.stringify({ lane: 'own.f', version: 1, generation: 1, strikes: 0, cpuMs: 0, ahead: { 0: '12', 1: '3' } }),
  )
  const visit = shardState.visit('f', 1n, 0, 0)
  Object.assign(visit, newVisit(0, 0))
  for (const [alert, offset] of [
    [1n, 2n],
    [2n, 11n],
  ] as const)
    visit.held.push({ alert, score: 1, source: { topic: 't', partition: 0, offset }, version: 1 })
  shardState.hold('f', 1n)
})

test('a topic that has everything changes nothing, and its identity is known from then on', () => {
  delete shardState.lanes.get('live.s')?.topicId
  expect(isAhead(shardState, 's', now('a', 10n, 30n))).toBe(false)
  expect(setBack(shardState, 's', now('a', 10n, 30n)).setbacks).toEqual([])
  expect(shardState.lanes.get('live.s')).toMatchObject({ topicId: 'a', positions: at(10n, 20n) })
})

test('in a topic made anew every lane of the stream begins at its first record, however long it has become', () => {
  const topic = now('b', 500n, 500n)
  expect(isMadeAnew(shardState, 's', topic)).toBe(true)
  const { setbacks, changes } = setBack(shardState, 's', topic)
  expect(setbacks).toHaveLength(4)
  expect(setbacks).toContainEqual({ lane: 'live.s', partition: 1, from: 20n, to: 0n })
  expect(shardState.lanes.get('live.s')?.positions).toEqual(at(0n, 0n))
  expect(shardState.lanes.get('own.f')?.positions).toEqual(at(0n, 0n))
  expect(shardState.filters.get('f')?.ahead.size).toBe(0)
  expect(shardState.visit('f', 1n, 0, 0)).toMatchObject({ held: [], gone: 2 })
  expect([...changes.keys()].toSorted()).toEqual([
    'filter/f',
    'held/f/1/1',
    'held/f/1/2',
    'lane/live.s',
    'lane/own.f',
    'visit/f/1',
  ])
  expect(shardState.lanes.get('live.other')?.positions).toEqual(at(99n))
  expect(isMadeAnew(shardState, 's', topic)).toBe(false)
})

test('in one with fewer partitions those that are not there any more are forgotten', () => {
  setBack(shardState, 's', now('b', 5n))
  expect(shardState.lanes.get('live.s')?.positions).toEqual(at(0n))
})

test('in a topic that lost its newest records lanes go on at its end, and candidates whose packets were lost are gone', () => {
  const topic = now('a', 10n, 15n)
  expect(isAhead(shardState, 's', topic)).toBe(true)
  const { setbacks } = setBack(shardState, 's', topic)
  expect(setbacks.map(({ lane, from, to }) => [lane, from, to])).toEqual([
    ['live.s', 20n, 15n],
    ['own.f', 20n, 15n],
  ])
  expect(shardState.lanes.get('live.s')?.positions).toEqual(at(10n, 15n))
  expect(shardState.filters.get('f')?.ahead).toEqual(new Map([[1, 3n]]))
  expect(shardState.visit('f', 1n, 0, 0)).toMatchObject({ held: [{ alert: 1n }], gone: 1 })
})
