// Reading FITS files (standard 4.0), plain or gzipped, as surveys put them into alerts: header units with their images.
import { gunzipSync } from 'node:zlib'
import { HubError } from '../errors.ts'

const BLOCK_BYTES = 2880
const CARD_CHARS = 80
const KEYWORD_CHARS = 8
/** What a cutout may grow to; a few gzipped bytes can claim gigabytes. */
const MAX_BYTES = 64 * 1024 * 1024
const MAX_AXES = 999
/** Width of a pixel in bytes by its BITPIX. */
const PIXEL_BYTES = new Map([8, 16, 32, 64, -32, -64].map(bits => [bits, Math.abs(bits) / 8]))

type FitsValue = string | number | boolean

/** One image: row by row from the lower left, as FITS has it; NaN where a pixel has no value. */
export interface FitsImage {
  readonly width: number
  readonly height: number
  readonly pixels: Float64Array
}

/** One header unit with its data. */
export interface FitsUnit {
  /** `EXTNAME`; of the first unit usually empty. */
  readonly name: string
  readonly cards: ReadonlyMap<string, FitsValue>
  /** Undefined where the unit has no image of two axes. */
  readonly image: FitsImage | undefined
}

const invalid = (what: string, cause?: unknown): HubError =>
  new HubError(
    'HUB_FITS_INVALID',
    `The bytes are no FITS file that can be read: ${what}`,
    cause === undefined ? {} : { cause },
  )

/** Whether bytes are gzipped, as ZTF's cutouts are. */
export const isGzipped = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/** A file's plain bytes. Throws HubError HUB_FITS_INVALID. */
export const plainFits = (bytes: Buffer): Buffer => {
  if (!isGzipped(bytes)) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES })
  } catch (cause) {
    throw invalid('it cannot be unzipped', cause)
  }
}

/** Every unit of a file, plain or gzipped. Throws HubError HUB_FITS_INVALID. */
export const readFits = (bytes: Buffer): readonly FitsUnit[] => {
  const file = plainFits(bytes)
  const units: FitsUnit[] = []
  let at = 0
  // What follows the last unit may be fill.
  while (at < file.length && (units.length === 0 || file.toString('latin1', at, at + 8) === 'XTENSION')) {
    const header = readHeader(file, at)
    const data = readData(file, header.end, header.cards)
    const name = header.cards.get('EXTNAME')
    units.push({ name: typeof name === 'string' ? name : '', cards: header.cards, image: data.image })
    at = data.end
  }
  if (units.length === 0) throw invalid('it is empty')
  return units
}

const wholeBlocks = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES

function readHeader(file: Buffer, from: number): { cards: Map<string, FitsValue>; end: number } {
  if (from === 0 && file.toString('latin1', 0, KEYWORD_CHARS) !== 'SIMPLE  ')
    throw invalid('it does not begin with SIMPLE')
  const cards = new Map<string, FitsValue>()
  for (let at = from; at + CARD_CHARS <= file.length; at += CARD_CHARS) {
    const card = file.toString('latin1', at, at + CARD_CHARS)
    const keyword = card.slice(0, KEYWORD_CHARS).trimEnd()
    if (keyword === 'END') return { cards, end: from + wholeBlocks(at + CARD_CHARS - from) }
    if (card.slice(KEYWORD_CHARS, KEYWORD_CHARS + 2) !== '= ') continue
    const value = valueOf(card.slice(KEYWORD_CHARS + 2))
    if (value !== undefined) cards.set(keyword, value)
  }
  throw invalid(`the header at byte ${from} has no END`)
}

function valueOf(field: string): FitsValue | undefined {
  const text = /^\s*'((?:[^']|'')*)'/.exec(field)?.[1]
  if (text !== undefined) return text.replaceAll("''", "'").trimEnd()
  const plain = field.split('/', 1)[0]?.trim() ?? ''
  if (plain === 'T' || plain === 'F') return plain === 'T'
  const number = Number(plain.replace(/[dD]/, 'e'))
  return plain === '' || Number.isNaN(number) ? undefined : number
}

function wholeNumber(cards: ReadonlyMap<string, FitsValue>, keyword: string, fallback?: number): number {
  const value = cards.get(keyword) ?? fallback
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw invalid(`${keyword} is ${value === undefined ? 'missing' : String(value)}, not a whole number`)
}

function readData(
  file: Buffer,
  from: number,
  cards: ReadonlyMap<string, FitsValue>,
): { image: FitsImage | undefined; end: number } {
  const bitpix = wholeNumber(cards, 'BITPIX')
  const pixelBytes = PIXEL_BYTES.get(bitpix)
  if (pixelBytes === undefined) throw invalid(`BITPIX is ${bitpix}; it is one of ${[...PIXEL_BYTES.keys()].join(', ')}`)
  const axes = wholeNumber(cards, 'NAXIS')
  if (axes < 0 || axes > MAX_AXES) throw invalid(`NAXIS is ${axes}`)
  const sides = Array.from({ length: axes }, (_, axis) => wholeNumber(cards, `NAXIS${axis + 1}`))
  if (sides.some(side => side < 0)) throw invalid('an axis is negative')
  const elements = axes === 0 ? 0 : sides.reduce((product, side) => product * side, 1)
  const heap = wholeNumber(cards, 'PCOUNT', 0)
  const groups = wholeNumber(cards, 'GCOUNT', 1)
  const bytes = pixelBytes * groups * (heap + elements)
  if (!(heap >= 0 && groups >= 0 && bytes <= file.length - from))
    throw invalid(`the header before byte ${from} announces ${bytes} bytes of data, and ${file.length - from} follow`)
  const [width = 0, height = 0] = sides
  const kind = cards.get('XTENSION')
  const isImage = axes === 2 && elements > 0 && (kind === undefined || kind === 'IMAGE')
  const image = isImage ? { width, height, pixels: readPixels(file, from, elements, bitpix, cards) } : undefined
  return { image, end: from + wholeBlocks(bytes) }
}

function readPixels(
  file: Buffer,
  from: number,
  elements: number,
  bitpix: number,
  cards: ReadonlyMap<string, FitsValue>,
): Float64Array {
  const view = new DataView(file.buffer, file.byteOffset + from)
  const read: Record<number, (at: number) => number> = {
    8: at => view.getUint8(at),
    16: at => view.getInt16(at),
    32: at => view.getInt32(at),
    64: at => Number(view.getBigInt64(at)),
    [-32]: at => view.getFloat32(at),
    [-64]: at => view.getFloat64(at),
  }
  const one = read[bitpix] ?? (() => Number.NaN)
  const width = Math.abs(bitpix) / 8
  const scale = numberOf(cards, 'BSCALE', 1)
  const zero = numberOf(cards, 'BZERO', 0)
  const blank = bitpix > 0 ? numberOf(cards, 'BLANK', Number.NaN) : Number.NaN
  const pixels = new Float64Array(elements)
  for (let i = 0; i < elements; i++) {
    const raw = one(i * width)
    pixels[i] = raw === blank ? Number.NaN : raw * scale + zero
  }
  return pixels
}

const numberOf = (cards: ReadonlyMap<string, FitsValue>, keyword: string, fallback: number): number => {
  const value = cards.get(keyword)
  return typeof value === 'number' ? value : fallback
}
