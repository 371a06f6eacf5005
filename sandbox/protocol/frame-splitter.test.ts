// Frames come out whole and in order, however the stream is cut.
import { array, assert, integer, nat, property, tuple, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { openFrameSplitter } from './frame-splitter.ts'

const frame = (kind: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(payload.length, 0)
  header.writeUInt32LE(kind, 4)
  return Buffer.concat([header, payload])
}

test('any cutting gives the same frames', () => {
  const frames = array(tuple(nat(9), uint8Array({ maxLength: 40 })), { maxLength: 8 })
  assert(
    property(frames, array(integer({ min: 1, max: 20 }), { minLength: 1 }), (sent, sizes) => {
      const received: [number, number[]][] = []
      const push = openFrameSplitter(1000, (kind, payload) => received.push([kind, [...payload]]))
      const stream = Buffer.concat(sent.map(([kind, payload]) => frame(kind, payload)))
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        push(stream.subarray(at, at + size))
        at += size
      }
      expect(received).toEqual(sent.map(([kind, payload]) => [kind, [...payload]]))
    }),
  )
})

test('a frame that says it is too long is refused before its bytes come', () => {
  const push = openFrameSplitter(10, () => undefined)
  expect(() => push(frame(1, new Uint8Array(11)).subarray(0, 8))).toThrow(/11 bytes/)
})
