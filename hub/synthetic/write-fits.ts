// Small images as FITS (standard 4.0): header cards of 80 characters, big-endian pixels, everything in blocks of 2,880 bytes.

const BLOCK_BYTES = 2880
const CARD_CHARS = 80
/** Where a fixed-format value ends. */
const VALUE_CHARS = 20
const KEYWORD_CHARS = 8

/** A header's keyword and value; strings are quoted, booleans become T and F. */
export type Card = readonly [keyword: string, value: string | number | boolean]

/** A square image: side × side pixels, row by row. `Float32Array` becomes BITPIX -32, `Float64Array` -64. */
export interface Image {
  readonly side: number
  readonly pixels: Float32Array | Float64Array
}

const numberText = (value: number): string => {
  const text = String(value).toUpperCase()
  return text.length <= VALUE_CHARS ? text : value.toPrecision(13).toUpperCase()
}

/** A value as it stands in columns 11 to 30: strings from the left, all else to the right. */
export const valueText = (value: Card[1]): string => {
  if (typeof value === 'string') return `'${value.padEnd(KEYWORD_CHARS)}'`.padEnd(VALUE_CHARS)
  return (typeof value === 'boolean' ? (value ? 'T' : 'F') : numberText(value)).padStart(VALUE_CHARS)
}

const header = (cards: readonly Card[]): Buffer => {
  const text = [...cards.map(([keyword, value]) => `${keyword.padEnd(KEYWORD_CHARS)}= ${valueText(value)}`), 'END']
    .map(card => card.padEnd(CARD_CHARS))
    .join('')
  return Buffer.from(text.padEnd(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES), 'ascii')
}

const data = ({ pixels }: Image): Buffer => {
  const bytes = Buffer.alloc(Math.ceil(pixels.byteLength / BLOCK_BYTES) * BLOCK_BYTES)
  const width = pixels.BYTES_PER_ELEMENT
  pixels.forEach((value, at) =>
    width === 4 ? bytes.writeFloatBE(value, at * width) : bytes.writeDoubleBE(value, at * width),
  )
  return bytes
}

const shape = ({ side, pixels }: Image): readonly Card[] => [
  ['BITPIX', pixels.BYTES_PER_ELEMENT * -8],
  ['NAXIS', 2],
  ['NAXIS1', side],
  ['NAXIS2', side],
]

/** The primary image of a file that has extensions. */
export const primaryUnit = (image: Image, cards: readonly Card[]): Buffer =>
  Buffer.concat([header([['SIMPLE', true], ...shape(image), ['EXTEND', true], ...cards]), data(image)])

/** An image extension. */
export const imageUnit = (name: string, image: Image, cards: readonly Card[] = []): Buffer =>
  Buffer.concat([
    header([['XTENSION', 'IMAGE'], ...shape(image), ['PCOUNT', 0], ['GCOUNT', 1], ['EXTNAME', name], ...cards]),
    data(image),
  ])

/** Where the value of a keyword begins in a file's first header; -1 where there is none. Fixed columns: a value can be replaced in place. */
export const valueOffset = (file: Buffer, keyword: string): number => {
  const card = `${keyword.padEnd(KEYWORD_CHARS)}= `
  for (let at = 0; at + CARD_CHARS <= BLOCK_BYTES; at += CARD_CHARS)
    if (file.toString('ascii', at, at + card.length) === card) return at + card.length
  return -1
}

/** Where the pixels of the primary image begin; primary headers here take one block. */
export const PRIMARY_DATA_OFFSET = BLOCK_BYTES
