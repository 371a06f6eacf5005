// Cutouts are FITS files that any reader takes: whole blocks, the declared shape, finite pixels, the alert's own position and source.
import { expect, test } from 'vitest'
import { openCutouts } from './cutouts.ts'
import { openRandom } from './random.ts'

interface Unit {
  readonly cards: ReadonlyMap<string, string>
  readonly pixels: readonly number[]
}

/** A FITS reader of its own, by the standard: 80-character cards to END, then data, both in blocks of 2,880 bytes. */
const readFits = (file: Buffer): Unit[] => {
  const units: Unit[] = []
  for (let at = 0; at < file.length;) {
    const cards = new Map<string, string>()
    const begin = at
    for (; ; at += 80) {
      const card = file.toString('ascii', at, at + 80)
      expect(card).toMatch(/^[\x20-\x7e]{80}$/)
      if (card.startsWith('END ')) break
      expect(card.slice(8, 10)).toBe('= ')
      cards.set(card.slice(0, 8).trim(), card.slice(10).trim())
    }
    at = begin + Math.ceil((at + 80 - begin) / 2880) * 2880
    const isDouble = cards.get('BITPIX') === '-64'
    const count = Number(cards.get('NAXIS1')) * Number(cards.get('NAXIS2'))
    const pixels = Array.from({ length: count }, (_, i) =>
      isDouble ? file.readDoubleBE(at + i * 8) : file.readFloatBE(at + i * 4),
    )
    units.push({ cards, pixels })
    at += Math.ceil((count * (isDouble ? 8 : 4)) / 2880) * 2880
    expect(at).toBeLessThanOrEqual(file.length)
  }
  return units
}

const make = openCutouts(5)
const painting = { ra: 149.8, dec: -2.25, flux: 50_000, noise: 10 }

test('each file has the image, its variance and its PSF in whole blocks of 2,880 bytes', () => {
  for (let number = 0; number < 30; number++)
    for (const [name, file] of Object.entries(make(painting, openRandom(1, number)))) {
      expect(file.length % 2880).toBe(0)
      const [primary, variance, psf, ...more] = readFits(file)
      expect(more).toEqual([])
      expect(primary?.cards.get('SIMPLE')).toBe('T')
      expect([primary, variance, psf].map(unit => unit?.cards.get('BITPIX'))).toEqual(['-32', '-32', '-64'])
      expect([variance, psf].map(unit => unit?.cards.get('EXTNAME'))).toEqual(["'UNCERT  '", "'PSFIMAGE'"])
      expect(Number(primary?.cards.get('NAXIS1'))).toBeGreaterThanOrEqual(30)
      expect(Number(primary?.cards.get('NAXIS1'))).toBeLessThanOrEqual(60)
      expect(psf?.cards.get('NAXIS2')).toBe(name === 'cutoutTemplate' ? '49' : '41')
      for (const unit of [primary, variance, psf]) expect(unit?.pixels.every(Number.isFinite)).toBe(true)
    }
})

test('the header has the alert’s position, and the middle of the difference its source', () => {
  const { cutoutDifference, cutoutTemplate } = make(painting, openRandom(2))
  const [difference] = readFits(cutoutDifference)
  const [template] = readFits(cutoutTemplate)
  expect(Number(difference?.cards.get('CRVAL1'))).toBe(149.8)
  expect(Number(difference?.cards.get('CRVAL2'))).toBe(-2.25)
  const side = Number(difference?.cards.get('NAXIS1'))
  const middle = Math.floor(side / 2) * (side + 1)
  expect(difference?.pixels[middle]).toBeGreaterThan(1000)
  expect(template?.pixels[middle]).toBeLessThan(1000)
})

test('no two alerts have the same pixels, though they share a background', () => {
  const files = Array.from({ length: 200 }, (_, number) => make(painting, openRandom(3, number)).cutoutDifference)
  expect(new Set(files.map(file => file.toString('latin1'))).size).toBe(200)
})
