// A FITS image as PNG: the first row at the bottom, pixels without a value transparent, enlarged by whole blocks so that pixels stay visible.
import { PNG } from 'pngjs'
import { type Colormap, paletteOf } from './colormap.ts'
import { type FitsImage } from './read-fits.ts'
import { shadesOf, type Stretch } from './stretch.ts'

export interface PngOptions {
  readonly stretch: Stretch
  readonly colormap: Colormap
  /** Pixels along the longer side; the image's own when absent. */
  readonly size?: number
}

const OPAQUE = 255
const MAX_STEP = 255

/** The PNG's bytes; colour with transparency, 8 bits a channel. */
export async function renderPng(image: FitsImage, { stretch, colormap, size }: PngOptions): Promise<Buffer> {
  const scale = (size ?? Math.max(image.width, image.height)) / Math.max(image.width, image.height)
  const width = Math.max(1, Math.round(image.width * scale))
  const height = Math.max(1, Math.round(image.height * scale))
  const colours = coloursOf(image, stretch, paletteOf(colormap))
  const png = new PNG({ width, height })
  const out = new Uint32Array(png.data.buffer, png.data.byteOffset, width * height)
  for (let y = 0; y < height; y++) {
    // FITS begins at the bottom, PNG at the top.
    const row = image.height - 1 - Math.floor(((y + 0.5) * image.height) / height)
    for (let x = 0; x < width; x++) {
      const column = Math.floor(((x + 0.5) * image.width) / width)
      out[y * width + x] = colours[row * image.width + column] ?? 0
    }
  }
  return packed(png)
}

/** Each pixel's four bytes in the order of this machine. */
function coloursOf({ pixels }: FitsImage, stretch: Stretch, palette: Uint8Array): Uint32Array {
  const shade = shadesOf(stretch, pixels)
  const colours = new Uint32Array(pixels.length)
  const bytes = new Uint8Array(colours.buffer)
  pixels.forEach((value, at) => {
    const step = Math.round(shade(value) * MAX_STEP)
    if (Number.isNaN(step)) return
    bytes.set(palette.subarray(step * 3, step * 3 + 3), at * 4)
    bytes[at * 4 + 3] = OPAQUE
  })
  return colours
}

/** Compresses in the thread pool; pngjs has streams of an older kind, which are not iterable. */
const packed = (png: PNG): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    png
      .pack()
      .on('data', (chunk: Buffer) => void chunks.push(chunk))
      .on('end', () => resolve(Buffer.concat(chunks)))
      .on('error', reject)
  })
