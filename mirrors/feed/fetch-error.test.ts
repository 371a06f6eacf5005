import { expect, test } from 'vitest'
import { fatalFetchError, isUnknownTopic, outOfRange } from './fetch-error.ts'

const protocol = (type: string, more: object = {}): Error => Object.assign(new Error(type), { type, ...more })

test.each(['TOPIC_AUTHORIZATION_FAILED', 'SASL_AUTHENTICATION_FAILED'])(
  '%s ends the feed, however deep it is wrapped',
  type => {
    const error = new Error('outer', { cause: new Error('middle', { cause: protocol(type) }) })
    expect(fatalFetchError(error, 'alerts', 'worker')).toMatchObject({
      code: 'MIRROR_FEED_READ',
      message: expect.stringContaining('worker the reading of alerts'),
    })
  },
)

test('a codec that cannot read a batch ends the feed and says which topic', () => {
  const error = Object.assign(new Error('A snappy batch is cut off'), { code: 'HUB_CODEC' })
  expect(fatalFetchError(error, 'alerts', 'worker')).toMatchObject({ code: 'MIRROR_FEED_CORRUPT', cause: error })
})

test.each(['NOT_LEADER_FOR_PARTITION', 'BROKER_NOT_AVAILABLE', 'REQUEST_TIMED_OUT', 'UNKNOWN'])(
  '%s is tried again',
  type => {
    expect(fatalFetchError(protocol(type), 'alerts', 'worker')).toBeUndefined()
  },
)

test('a position out of range names its partition, and only that error does', () => {
  expect(outOfRange(protocol('OFFSET_OUT_OF_RANGE', { partition: 3 }))).toEqual({ partition: 3 })
  expect(outOfRange(protocol('NOT_LEADER_FOR_PARTITION', { partition: 3 }))).toBeUndefined()
  expect(isUnknownTopic(new Error('x', { cause: protocol('UNKNOWN_TOPIC_OR_PARTITION') }))).toBe(true)
})

test('an error that causes itself is no endless loop', () => {
  const error = new Error('round')
  error.cause = error
  expect(fatalFetchError(error, 'alerts', 'worker')).toBeUndefined()
})
