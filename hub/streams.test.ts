import { expect, test } from 'vitest'
import { parseStream, STREAMS, TIME_SCALES } from './streams.ts'

test('the built-in streams are Rubin’s and ZTF’s', () => {
  expect(STREAMS.lsst.topic).toBe('lsst-alerts-v11')
  expect(STREAMS.ztf.visit).toEqual({ path: 'candidate.pid', divideBy: 10_000n })
})

test('times of both surveys become milliseconds since 1970', () => {
  expect(new Date(TIME_SCALES['mjd-tai'](61_000.5)).toISOString()).toBe('2025-11-21T11:59:23.000Z')
  expect(new Date(TIME_SCALES['jd-utc'](2_461_001)).toISOString()).toBe('2025-11-21T12:00:00.000Z')
})

test('a bad definition is refused and every bad setting is named', () => {
  const bad = { name: 'X', topic: 'has space', alertId: ['id'], visit: { path: 'visit', divideBy: 0 }, timeMs: [] }
  expect(() => parseStream(bad)).toThrow(/name.*topic.*visit\/divideBy/)
  expect(() => parseStream(bad)).toThrow(expect.objectContaining({ code: 'HUB_STREAM_INVALID' }))
})
