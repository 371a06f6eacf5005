import { HubError } from '#hub'
import { expect, test } from 'vitest'
import { fatalFetchError, isUnknownTopic } from './fetch-error.ts'

test('a refusal ends the feed, however deep it is wrapped', () => {
  const refusal = new HubError('HUB_NOT_AUTHORIZED', 'no')
  const error = new Error('outer', { cause: new Error('middle', { cause: refusal }) })
  expect(fatalFetchError(error, 'alerts', 'worker')).toMatchObject({
    code: 'MIRROR_FEED_READ',
    message: expect.stringContaining('worker the reading of alerts'),
  })
})

test('a codec that cannot read a batch ends the feed and says which topic', () => {
  const error = new HubError('HUB_CODEC', 'A snappy batch is cut off')
  expect(fatalFetchError(error, 'alerts', 'worker')).toMatchObject({ code: 'MIRROR_FEED_CORRUPT', cause: error })
})

test('what may pass is tried again', () => {
  for (const error of [new HubError('HUB_UNREACHABLE', 'no answer'), new Error('unknown')])
    expect(fatalFetchError(error, 'alerts', 'worker')).toBeUndefined()
})

test('a topic that is unknown is told from a broker that is away, however deep it is wrapped', () => {
  const unknown = new HubError('HUB_TOPIC_UNKNOWN', 'no such topic')
  expect(isUnknownTopic(new Error('x', { cause: unknown }))).toBe(true)
  expect(isUnknownTopic(new HubError('HUB_UNREACHABLE', 'no answer'))).toBe(false)
})

test('an error that causes itself is no endless loop', () => {
  const error = new Error('round')
  error.cause = error
  expect(fatalFetchError(error, 'alerts', 'worker')).toBeUndefined()
})
