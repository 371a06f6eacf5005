import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { framePacket, readFrame } from './packet-frame.ts'

test('a packet is a zero byte, the schema id in big-endian, and the body', () => {
  expect(framePacket(1100, Buffer.from('alert')).toString('hex')).toBe('000000044c616c657274')
})

test('what was framed is read back, whatever the id and the bytes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), fc.uint8Array({ minLength: 1 }), (schemaId, body) => {
      const frame = readFrame(framePacket(schemaId, body))
      expect(frame.schemaId).toBe(schemaId)
      expect(frame.body).toEqual(Buffer.from(body))
    }),
  )
})

test.each([
  ['HUB_PACKET_EMPTY', ''],
  ['HUB_PACKET_MAGIC', '014f626a'],
  ['HUB_PACKET_SHORT', '0000'],
  ['HUB_PACKET_SHORT', '000000044c'],
])('%s for the bytes "%s"', (code, hex) => {
  expect(() => readFrame(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code }))
})

test.each([-1, 1.5, 2 ** 31])('an id of %d is refused', id => {
  expect(() => framePacket(id, Buffer.from('x'))).toThrow(RangeError)
})
