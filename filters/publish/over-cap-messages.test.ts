// What a reader of skysieve.over-cap finds.
import { expect, test } from 'vitest'
import { emptyUnit, type OverCap } from './commit-unit.ts'
import { overCapMessages } from './over-cap-messages.ts'

const over = (visit: bigint, total: number, alerts: readonly bigint[]): OverCap => ({
  filter: 'fa',
  visit,
  total,
  added: alerts.length,
  alerts: alerts.map(alert => ({ alert, source: { topic: 't', partition: 2, offset: alert * 10n } })),
})

test('a transaction has one record for each filter and visit, with the newest count and all new ids in order', () => {
  const first = { ...emptyUnit(), overCap: [over(9_007_199_254_740_993n, 1, [7n]), over(1n, 4, [3n])] }
  const second = { ...emptyUnit(), overCap: [over(9_007_199_254_740_993n, 3, [8n, 9n])] }
  const messages = overCapMessages([first, second])
  expect(messages.map(({ topic, key }) => [topic, key])).toEqual([
    ['skysieve.over-cap', 'fa'],
    ['skysieve.over-cap', 'fa'],
  ])
  expect(messages.map(({ value }) => JSON.parse(value) as unknown)).toEqual([
    {
      filter: 'fa',
      visit: '9007199254740993',
      overCap: 3,
      alerts: [
        { alert: '7', source: 't-2-70' },
        { alert: '8', source: 't-2-80' },
        { alert: '9', source: 't-2-90' },
      ],
    },
    { filter: 'fa', visit: '1', overCap: 4, alerts: [{ alert: '3', source: 't-2-30' }] },
  ])
})

test('a count that grows without new ids is written too', () => {
  const [message] = overCapMessages([{ ...emptyUnit(), overCap: [over(1n, 1200, [])] }])
  expect(JSON.parse(message?.value ?? '')).toEqual({ filter: 'fa', visit: '1', overCap: 1200, alerts: [] })
})
