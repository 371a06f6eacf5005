import { expect, test } from 'vitest'
import { decideBest } from '../cap/best-policy.ts'
import { newVisit } from '../cap/visit.ts'
import { heldKey, visitKey } from './keys.ts'
import { encodeVisit } from './records.ts'
import { ShardState } from './shard-state.ts'

test('after a restore the newest visits can be reported, however little they are used, and those that changed last', () => {
  const shardState = new ShardState()
  for (const visit of [7n, 9n, 8n, 10n])
    shardState.restore(visitKey('f1', visit), encodeVisit({ ...newVisit(1000, 2000), seen: Number(visit) }))
  expect(shardState.recentVisits('f1')).toEqual([])
  shardState.restore(visitKey('f1', 6n), encodeVisit({ ...newVisit(1000, 3000), seen: 6 }))
  shardState.restored()
  shardState.wake(2, 500)
  expect(shardState.recentVisits('f1').map(([visit, { seen }]) => [visit, seen])).toEqual([
    [6n, 6],
    [9n, 9],
    [10n, 10],
  ])
})

test('visits are deleted when nobody has touched them for long, which their packets’ topic does not remember either, and others stay', () => {
  const shardState = new ShardState()
  for (const [visit, touchedMs] of [
    [1n, 1000],
    [2n, 9000],
  ] as const)
    shardState.restore(visitKey('f1', visit), encodeVisit(newVisit(0, touchedMs)))
  const changes = shardState.retire(5000, 5000, 9000)
  expect([...changes].map(([key, change]) => [key, change()])).toEqual([[visitKey('f1', 1n), null]])
  expect(shardState.visit('f1', 2n, 0, 0).touchedMs).toBe(9000)
})

test('of visits that no packet can come of any more only the record is known: they take no memory, are deleted in their time, and are not read back', () => {
  const old = new ShardState(5000)
  old.restore(visitKey('f1', 1n), encodeVisit({ ...newVisit(0, 1000), seen: 9, delivered: [5n] }))
  old.restore(visitKey('f1', 2n), encodeVisit({ ...newVisit(0, 8000), seen: 7, delivered: [6n] }))
  old.restored()
  old.wake(10, 1_000_000)
  expect(old.recentVisits('f1').map(([visit]) => visit)).toEqual([2n])
  expect([...old.retire(2000, 5000, 9000).keys()]).toEqual([visitKey('f1', 1n)])
  expect(old.retire(2000, 5000, 9000).size).toBe(0)
  // After ten minutes a visit is packed, and is still what it was.
  old.retire(0, 0, 9_000_000)
  expect(old.recentVisits('f1')).toEqual([])
  expect(old.visit('f1', 2n, 0, 0)).toMatchObject({ seen: 7, delivered: [6n] })
})

test('candidates have records of their own, and come back with their visit however their records lie', () => {
  const before = new ShardState()
  const state = before.visit('f1', 1n, 0, 0)
  const candidates = [3, 1, 2].map(score => ({
    alert: BigInt(score),
    score,
    source: { topic: 't', partition: 0, offset: BigInt(score) },
    version: 1,
  }))
  for (const one of candidates) decideBest(state, 5, one)
  const written = new Map(
    [
      ...candidates.map(one => before.heldChange('f1', 1n, one)),
      [visitKey('f1', 1n), before.visitChange(state)] as const,
    ].map(([key, change]) => [key, change()]),
  )
  const after = new ShardState(1e15)
  for (const [key, value] of [...written].toReversed()) after.restore(key, value)
  after.restore(heldKey('f1', 1n, 2n), null)
  expect(after.restored()).toEqual([])
  expect([...after.holding('f1')].map(([visit, { held }]) => [visit, held.map(({ alert }) => alert)])).toEqual([
    [1n, [3n, 1n]],
  ])
})

test('a visit written before candidates had records of their own is read, and they get them', () => {
  const held = [2, 1].map(score => ({ alert: String(score), score, topic: 't', partition: 0, offset: '7', version: 1 }))
  const text = JSON.stringify({ ...newVisit(0, 1000), passed: 2, held })
  const shardState = new ShardState(1e15)
  shardState.restore(visitKey('f1', 1n), text)
  const [changes] = shardState.restored()
  expect([...(changes?.keys() ?? [])]).toEqual([heldKey('f1', 1n, 2n), heldKey('f1', 1n, 1n), visitKey('f1', 1n)])
  const again = new ShardState()
  again.restore(visitKey('f1', 1n), text)
  for (const [key, change] of changes ?? []) again.restore(key, change())
  expect(again.restored()).toEqual([])
  expect([...again.holding('f1')].map(([, state]) => state)).toEqual(
    [...shardState.holding('f1')].map(([, state]) => state),
  )
})
