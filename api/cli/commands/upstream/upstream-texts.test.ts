import { expect, test } from 'vitest'
import { gapText, stateText, type UpstreamView, upstreamRows } from './upstream-texts.ts'

const one: UpstreamView = {
  upstream: 'rubin',
  stream: 'lsst',
  topic: 'lsst-alerts-v11',
  bootstrap: 'survey:9094',
  registry: null,
  format: 'framed',
  state: 'copying',
  lag: { alerts: 12, seconds: 3 },
  packets: 1000,
  bytes: 1,
  deadLetters: 0,
  schemas: [],
  gaps: [],
  newestPacket: null,
  silent: false,
  updatedAt: '2026-12-01T00:00:00.000Z',
}

test('one that takes packets says so, one that waits says why, and one that does not report is silent', () => {
  expect(stateText(one)).toBe('copying')
  expect(stateText({ ...one, state: 'waiting', reason: 'it is away' })).toBe('waiting: it is away')
  expect(stateText({ ...one, silent: true })).toMatch(/^silent since 2026-12-01/)
  expect(upstreamRows([{ ...one, silent: true, lag: null }], 'none')).toMatch(/rubin +lsst +silent +\? +1000/)
  expect(upstreamRows([], 'none')).toBe('none')
})

test('a gap is told with its offsets and times, and without a number where that is not known', () => {
  const gap = { partition: 3, from: '5', to: '45', at: '2026-12-01', since: '2026-11-30' }
  expect(gapText(one, gap)).toBe(
    'rubin: 40 offsets of lsst-alerts-v11, partition 3 from 5 on, were gone at the survey before they were read (2026-12-01, sent between 2026-11-30 and ?)',
  )
  expect(gapText(one, { ...gap, to: '0' })).toMatch(/an unknown number of offsets/)
})
