import { expect, test } from 'vitest'
import { newVisit } from '../cap/visit.ts'
import { visitKey } from './keys.ts'
import { Ledger } from './ledger.ts'
import { encodeVisit } from './records.ts'

test('after a restore the newest visits can be reported, however little they are used', () => {
  const ledger = new Ledger()
  for (const visit of [7n, 9n, 8n, 10n])
    ledger.restore(visitKey('f1', visit), encodeVisit({ ...newVisit(1000, 2000), seen: Number(visit) }))
  expect(ledger.recentVisits('f1')).toEqual([])
  ledger.wake(2)
  expect(ledger.recentVisits('f1').map(([visit, { seen }]) => [visit, seen])).toEqual([
    [9n, 9],
    [10n, 10],
  ])
})
