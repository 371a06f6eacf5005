import { array, assert, constantFrom, integer, property, record, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { openStreamSplitter } from './attach-stream.ts'

const frame = (stream: number, bytes: Uint8Array): Buffer => {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

test('however the stream is cut, each byte arrives once, in order, on its own stream', () => {
  const parts = array(record({ stream: constantFrom(1, 2), bytes: uint8Array({ maxLength: 40 }) }))
  assert(
    property(parts, array(integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, cuts) => {
      const whole = Buffer.concat(sent.map(({ stream, bytes }) => frame(stream, bytes)))
      const received = { stdout: [] as number[], stderr: [] as number[] }
      const push = openStreamSplitter((name, bytes) => received[name].push(...bytes))
      for (let at = 0, i = 0; at < whole.length; i++) {
        const next = at + (cuts[i % cuts.length] ?? 1)
        push(whole.subarray(at, next))
        at = next
      }
      const wanted = (stream: number): number[] =>
        sent.filter(part => part.stream === stream).flatMap(({ bytes }) => [...bytes])
      expect(received).toEqual({ stdout: wanted(1), stderr: wanted(2) })
    }),
  )
})

test('a header that is none ends the stream', () => {
  const push = openStreamSplitter(() => undefined)
  expect(() => push(Buffer.from('HTTP/1.1 500'))).toThrow(/header/)
})
