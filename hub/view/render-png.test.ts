import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { COLORMAPS } from './colormap.ts'
import { renderPng } from './render-png.ts'
import { shadesOf, STRETCHES, zscaleLimits } from './stretch.ts'

const image = {
  width: 3,
  height: 2,
  pixels: Float64Array.from([0, 50, 100, Number.NaN, Number.POSITIVE_INFINITY, 100]),
}
const rgba = (png: PNG, x: number, y: number): number[] => [
  ...png.data.subarray((y * png.width + x) * 4, (y * png.width + x) * 4 + 4),
]

describe('a PNG', () => {
  test('has the last row on top and shades between the limits', async () => {
    const png = PNG.sync.read(await renderPng(image, { stretch: 'linear', colormap: 'gray' }))
    expect([png.width, png.height]).toEqual([3, 2])
    expect([rgba(png, 0, 1), rgba(png, 1, 1), rgba(png, 2, 1)]).toEqual([
      [0, 0, 0, 255],
      [128, 128, 128, 255],
      [255, 255, 255, 255],
    ])
    expect(rgba(png, 2, 0)).toEqual([255, 255, 255, 255])
  })
  test('is transparent where a pixel has no value', async () => {
    const png = PNG.sync.read(await renderPng(image, { stretch: 'asinh', colormap: 'viridis' }))
    expect(rgba(png, 0, 0)[3]).toBe(0)
    expect(rgba(png, 1, 0)[3]).toBe(0)
  })
  test('of another size keeps its sides’ ratio and its pixels whole', async () => {
    const png = PNG.sync.read(await renderPng(image, { stretch: 'linear', colormap: 'gray', size: 30 }))
    expect([png.width, png.height]).toEqual([30, 20])
    expect(rgba(png, 29, 19)).toEqual([255, 255, 255, 255])
    expect(rgba(png, 9, 19)).toEqual([0, 0, 0, 255])
    expect(PNG.sync.read(await renderPng(image, { stretch: 'log', colormap: 'gray', size: 1 })).width).toBe(1)
  })
  test('exists for every stretch and colormap, also of an image without any value', async () => {
    const empty = { width: 2, height: 1, pixels: Float64Array.from([Number.NaN, Number.NaN]) }
    const flat = { width: 2, height: 1, pixels: Float64Array.from([7, 7]) }
    for (const stretch of STRETCHES)
      for (const colormap of COLORMAPS) {
        expect(rgba(PNG.sync.read(await renderPng(empty, { stretch, colormap })), 0, 0)[3]).toBe(0)
        expect(rgba(PNG.sync.read(await renderPng(flat, { stretch, colormap })), 0, 0)[3]).toBe(255)
      }
  })
})

test('shades never fall where values rise', () => {
  const pixels = Float64Array.from({ length: 500 }, (_, at) => Math.sin(at) * at)
  for (const stretch of STRETCHES) {
    const shade = shadesOf(stretch, pixels)
    const shades = [...pixels].toSorted((a, b) => a - b).map(shade)
    expect(shades).toEqual(shades.toSorted((a, b) => a - b))
    expect([shades[0], shades.at(-1)]).toEqual([0, 1])
  }
})

test('zscale keeps the sky’s shades apart in spite of a bright star', () => {
  const sky = Float64Array.from({ length: 1000 }, (_, at) => 100 + at / 100)
  sky.set([1e6, 2e6, 3e6], 997)
  const { low, high } = zscaleLimits(sky)
  expect(low).toBeGreaterThanOrEqual(100)
  expect(low).toBeLessThan(101)
  expect(high).toBeLessThan(130)
})
