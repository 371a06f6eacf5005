import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imageUnit, primaryUnit } from '../synthetic/write-fits.ts'
import { HubError } from '../errors.ts'
import { readFits } from './read-fits.ts'

const card = (text: string): string => text.padEnd(80)
/** A file of one unit from cards and data. */
const file = (cards: readonly string[], data: Buffer): Buffer => {
  const head = [...cards, 'END'].map(card).join('')
  return Buffer.concat([
    Buffer.from(head.padEnd(Math.ceil(head.length / 2880) * 2880), 'latin1'),
    data,
    Buffer.alloc((2880 - (data.length % 2880)) % 2880),
  ])
}
const shape = (bitpix: number, width: number, height: number): string[] => [
  'SIMPLE  =                    T',
  `BITPIX  = ${bitpix}`,
  'NAXIS   = 2',
  `NAXIS1  = ${width}`,
  `NAXIS2  = ${height} / rows`,
]

describe('a FITS file', () => {
  test('of several units is read with names, cards and pixels', () => {
    const pixels = Float32Array.from({ length: 900 }, (_, at) => at / 4)
    const psf = Float64Array.from({ length: 49 }, (_, at) => at * Math.PI)
    const bytes = Buffer.concat([
      primaryUnit({ side: 30, pixels }, [['BUNIT', 'nJy']]),
      imageUnit('PSFIMAGE', { side: 7, pixels: psf }),
    ])
    const units = readFits(bytes)
    expect(units.map(({ name, image }) => [name, image?.width, image?.height])).toEqual([
      ['', 30, 30],
      ['PSFIMAGE', 7, 7],
    ])
    expect(units[0]?.cards.get('BUNIT')).toBe('nJy')
    expect(units[0]?.image?.pixels).toEqual(Float64Array.from(pixels))
    expect(units[1]?.image?.pixels).toEqual(psf)
    expect(readFits(gzipSync(bytes))).toEqual(units)
  })
  test('of integers is scaled, and a blank pixel has no value', () => {
    const data = Buffer.alloc(12)
    ;[5, -32768, 7, -1, 0, 32767].forEach((value, at) => data.writeInt16BE(value, at * 2))
    const cards = [...shape(16, 3, 2), 'BZERO   = 32768', 'BSCALE  = 2.0D0', 'BLANK   = -1']
    expect([...(readFits(file(cards, data))[0]?.image?.pixels ?? [])]).toEqual([
      32778,
      -32768,
      32782,
      Number.NaN,
      32768,
      98302,
    ])
  })
  test('with quotes and slashes in texts and dates is read as written', () => {
    const cards = [...shape(8, 1, 1), "OBJECT  = 'O''Neil / 7 ' / a name", "EXTNAME = 'A       '"]
    const [unit] = readFits(file(cards, Buffer.from([9])))
    expect(unit?.cards.get('OBJECT')).toBe("O'Neil / 7")
    expect(unit?.name).toBe('A')
  })
})

describe('what is no FITS file', () => {
  const good = file(shape(-32, 4, 4), Buffer.alloc(64))
  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a cut header', good.subarray(0, 100)],
    ['cut data', good.subarray(0, 2900)],
    ['a broken gzip', gzipSync(good).subarray(0, 60)],
    ['a gigantic gzip', gzipSync(Buffer.alloc(65 * 1024 * 1024, 0))],
    ['an unknown BITPIX', file(shape(12, 4, 4), Buffer.alloc(64))],
    ['a gigantic image', file(shape(-64, 2 ** 31, 2 ** 31), Buffer.alloc(64))],
    ['negative sides', file(shape(-64, -4, -4), Buffer.alloc(64))],
    ['a thousand axes', file(['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 1000'], Buffer.alloc(1))],
  ])('%s is refused', (_what, bytes) => {
    expect(() => readFits(bytes)).toThrow(expect.objectContaining({ code: 'HUB_FITS_INVALID' }))
  })
  test('any bytes in a header are read or refused by that code', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = Buffer.from(good)
        bytes[at] = value
        try {
          readFits(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(HubError)
        }
      }),
    )
  })
})
