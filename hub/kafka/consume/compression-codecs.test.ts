import { randomBytes } from 'node:crypto'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { uncompressSnappy } from './compression-codecs.ts'

/** As snappy-java writes it: a head of 16 bytes, then blocks behind their lengths. */
const xerial = (blocks: readonly Buffer[]): Buffer => {
  const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const framed = blocks.flatMap(block => {
    const compressed = compressSync(block)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(compressed.length)
    return [length, compressed]
  })
  return Buffer.concat([head, ...framed])
}

describe('snappy', () => {
  const data = Buffer.concat([Buffer.alloc(70_000, 'text'), randomBytes(70_000)])

  test('is read as librdkafka writes it', () => {
    expect(uncompressSnappy(compressSync(data))).toEqual(data)
  })

  test('is read as Java frames it, in one block, in several and in none', () => {
    expect(uncompressSnappy(xerial([data]))).toEqual(data)
    expect(uncompressSnappy(xerial([data.subarray(0, 32_768), data.subarray(32_768)]))).toEqual(data)
    expect(uncompressSnappy(xerial([]))).toEqual(Buffer.alloc(0))
  })

  test('that is cut off is refused', () => {
    const whole = xerial([data])
    for (const end of [whole.length - 1, 18])
      expect(() => uncompressSnappy(whole.subarray(0, end))).toThrow(expect.objectContaining({ code: 'HUB_CODEC' }))
  })
})
