// Cutout images: a few seeded sets of FITS files, of which every alert gets copies with its own position and its own source painted in.
import { type Card, imageUnit, PRIMARY_DATA_OFFSET, primaryUnit, valueOffset, valueText } from './write-fits.ts'
import { openRandom, type Random } from './random.ts'

const SETS = 48
/** Three of four real on-sky cutouts are 30 to 37 pixels wide, two blocks of data. */
const SMALL_SHARE = 0.75
const PSF_SIDE = 41
const TEMPLATE_PSF_SIDE = 49
const PSF_SIGMA_PIXELS = 1.8
/** Half the side of the square a source is painted into. */
const STAMP_PIXELS = 4
const PIXEL_DEGREES = 5.6e-5
const FLOAT_BYTES = 4

export interface Cutouts {
  readonly cutoutScience: Buffer
  readonly cutoutTemplate: Buffer
  readonly cutoutDifference: Buffer
}

interface CutoutSet extends Cutouts {
  readonly side: number
}

/** What is painted: position in degrees, flux and pixel noise in nJy. */
export interface Painting {
  readonly ra: number
  readonly dec: number
  readonly flux: number
  readonly noise: number
}

const gaussian = (dx: number, dy: number): number =>
  Math.exp((dx * dx + dy * dy) / (-2 * PSF_SIGMA_PIXELS ** 2)) / (2 * Math.PI * PSF_SIGMA_PIXELS ** 2)

const psf = (side: number, random: Random): Float64Array => {
  const middle = (side - 1) / 2
  return Float64Array.from(
    { length: side * side },
    (_, at) => gaussian((at % side) - middle, Math.floor(at / side) - middle) * (1 + 0.01 * random.normal()),
  )
}

const cutout = (side: number, psfSide: number, background: number, random: Random): Buffer => {
  const pixels = side * side
  const middle = (side + 1) / 2
  const cards: readonly Card[] = [
    ['CUTMINX', random.whole(0, 4000)],
    ['CUTMINY', random.whole(0, 4000)],
    ['BUNIT', 'nJy'],
    ['WCSAXES', 2],
    ['CTYPE1', 'RA---TAN'],
    ['CTYPE2', 'DEC--TAN'],
    ['CRPIX1', middle],
    ['CRPIX2', middle],
    ['CRVAL1', 0],
    ['CRVAL2', 0],
    ['CDELT1', -PIXEL_DEGREES],
    ['CDELT2', PIXEL_DEGREES],
  ]
  const sky = Float32Array.from({ length: pixels }, () => background + 20 * random.normal())
  const variance = Float32Array.from({ length: pixels }, () => 400 + 10 * random.normal())
  return Buffer.concat([
    primaryUnit({ side, pixels: sky }, cards),
    imageUnit('UNCERT', { side, pixels: variance }, [['UTYPE', 'VarianceUncertainty']]),
    imageUnit('PSFIMAGE', { side: psfSide, pixels: psf(psfSide, random) }),
  ])
}

const cutoutSet = (random: Random): CutoutSet => {
  const side = random.chance(SMALL_SHARE) ? random.whole(30, 37) : random.whole(38, 60)
  return {
    side,
    cutoutScience: cutout(side, PSF_SIDE, 120, random),
    cutoutTemplate: cutout(side, TEMPLATE_PSF_SIDE, 100, random),
    cutoutDifference: cutout(side, PSF_SIDE, 0, random),
  }
}

const copyAt = (file: Buffer, { ra, dec }: Painting): Buffer => {
  const copy = Buffer.from(file)
  copy.write(valueText(ra), valueOffset(file, 'CRVAL1'), 'ascii')
  copy.write(valueText(dec), valueOffset(file, 'CRVAL2'), 'ascii')
  return copy
}

/** Adds a point source with noise of its own in the middle of the primary image. */
const paint = (file: Buffer, side: number, { flux, noise }: Painting, random: Random): Buffer => {
  const middle = Math.floor(side / 2)
  for (let dy = -STAMP_PIXELS; dy <= STAMP_PIXELS; dy++)
    for (let dx = -STAMP_PIXELS; dx <= STAMP_PIXELS; dx++) {
      const at = PRIMARY_DATA_OFFSET + ((middle + dy) * side + middle + dx) * FLOAT_BYTES
      file.writeFloatBE(file.readFloatBE(at) + flux * gaussian(dx, dy) + noise * (random.next() - 0.5), at)
    }
  return file
}

/** Makes cutouts; the sets behind them depend on the seed alone and are made when first drawn. */
export const openCutouts = (seed: number): ((painting: Painting, random: Random) => Cutouts) => {
  const sets = new Map<number, CutoutSet>()
  return (painting, random) => {
    const number = random.whole(0, SETS - 1)
    const set = sets.get(number) ?? cutoutSet(openRandom(seed, 0x6375_7473, number))
    sets.set(number, set)
    return {
      cutoutScience: paint(copyAt(set.cutoutScience, painting), set.side, painting, random),
      cutoutTemplate: copyAt(set.cutoutTemplate, painting),
      cutoutDifference: paint(copyAt(set.cutoutDifference, painting), set.side, painting, random),
    }
  }
}
