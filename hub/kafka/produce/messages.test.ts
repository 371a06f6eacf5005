import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutRequests, encodeHeaders, messageBytes } from './messages.ts'

const message = (bytes: number) => ({ topic: 't', value: Buffer.alloc(bytes) })

describe('requests', () => {
  test('hold every message once and in order, and no more bytes than they may, or one message', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 })),
        fc.integer({ min: 100, max: 9000 }),
        (sizes, maxBytes) => {
          const messages = sizes.map(message)
          const requests = [...cutRequests(messages, maxBytes)]
          expect(requests.flat()).toEqual(messages)
          for (const request of requests) {
            const bytes = request.reduce((sum, one) => sum + messageBytes(one), 0)
            expect(request.length === 1 || (request.length > 0 && bytes <= maxBytes)).toBe(true)
          }
        },
      ),
    )
  })

  test('are none where there is nothing to send', () => {
    expect([...cutRequests([])]).toEqual([])
  })

  test('count keys and headers too', () => {
    const plain = messageBytes(message(10))
    const headers = { a: '12345', b: [Buffer.alloc(100), 'x'], c: undefined }
    expect(messageBytes({ ...message(10), key: 'four', headers })).toBeGreaterThanOrEqual(plain + 4 + 6 + 101 + 2)
  })
})

describe('headers', () => {
  test('keep their order, repeated names and bytes', () => {
    const encoded = encodeHeaders({ a: 'ü', b: [Buffer.from([0, 255]), 'x'], c: undefined })
    expect([...encoded].map(([name, value]) => [name.toString(), value])).toEqual([
      ['a', Buffer.from('ü')],
      ['b', Buffer.from([0, 255])],
      ['b', Buffer.from('x')],
    ])
  })
})
