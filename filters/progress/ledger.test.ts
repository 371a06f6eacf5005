import { expect, test } from 'vitest'
import { newVisit } from '../cap/visit.ts'
import { visitKey } from './keys.ts'
import { Ledger } from './ledger.ts'
import { encodeVisit } from './records.ts'

test('after a restore the newest visits can be reported, however little they are used, and those that changed last', () => {
  const ledger = new Ledger()
  for (const visit of [7n, 9n, 8n, 10n])
    ledger.restore(visitKey('f1', visit), encodeVisit({ ...newVisit(1000, 2000), seen: Number(visit) }))
  expect(ledger.recentVisits('f1')).toEqual([])
  ledger.restore(visitKey('f1', 6n), encodeVisit({ ...newVisit(1000, 3000), seen: 6 }))
  ledger.wake(2, 500)
  expect(ledger.recentVisits('f1').map(([visit, { seen }]) => [visit, seen])).toEqual([
    [6n, 6],
    [9n, 9],
    [10n, 10],
  ])
})

test('visits are deleted when nobody has touched them for long, which their packets’ topic does not remember either, and others stay', () => {
  const ledger = new Ledger()
  for (const [visit, touchedMs] of [
    [1n, 1000],
    [2n, 9000],
  ] as const)
    ledger.restore(visitKey('f1', visit), encodeVisit(newVisit(0, touchedMs)))
  const changes = ledger.retire(5000, 9000)
  expect([...changes].map(([key, change]) => [key, change()])).toEqual([[visitKey('f1', 1n), null]])
  expect(ledger.visit('f1', 2n, 0, 0).touchedMs).toBe(9000)
})
