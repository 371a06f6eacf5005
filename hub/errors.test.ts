import { expect, test } from 'vitest'
import { HUB_ERRORS, HubError } from './errors.ts'

test('every code has the folder’s prefix and says in a sentence what it means', () => {
  for (const [code, meaning] of Object.entries(HUB_ERRORS)) {
    expect(code).toMatch(/^HUB_[A-Z_]+$/)
    expect(meaning).toMatch(/^[A-Z].*\.$/)
  }
})

test('an error keeps its code and its cause', () => {
  const cause = new Error('why')
  expect(new HubError('HUB_PACKET_EMPTY', 'what', { cause })).toMatchObject({
    name: 'HubError',
    code: 'HUB_PACKET_EMPTY',
    message: 'what',
    cause,
  })
})
