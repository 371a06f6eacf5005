import { assert, date, property } from 'fast-check'
import { expect, test } from 'vitest'
import { timeOf } from './rfc3339-time.ts'

test('what RFC 3339 writes is that moment', () => {
  assert(
    property(date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), moment => {
      expect(timeOf(moment.toISOString())).toBe(moment.getTime())
    }),
  )
  expect(timeOf('2026-11-21T16:00:00+02:00')).toBe(Date.parse('2026-11-21T14:00:00Z'))
  expect(timeOf('2028-02-29T00:00:00Z')).toBe(Date.parse('2028-02-29T00:00:00Z'))
})

test.each([
  '2026-12-31T23:59:60Z',
  '2026-12-31T24:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-21T16:60:00Z',
  '2026-11-21T16:00:00',
  '2026-11-21T16:00:00+24:00',
  '2026-11-21T16:00:00+0200',
  '2026-11-21t16:00:00z',
  '2026-11-21 16:00:00Z',
  '2026-11-21',
  '+012026-11-21T16:00:00Z',
  ' 2026-11-21T16:00:00Z',
  '',
  '1790000000000',
])('%s is no moment', text => expect(timeOf(text)).toBeUndefined())
