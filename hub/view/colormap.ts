// Colours for shades: a few colours in even steps, and what lies between two of them.

/** From dark to light; coolwarm from negative to positive, for differences. */
const COLOURS = {
  gray: ['000000', 'ffffff'],
  'gray-inverted': ['ffffff', '000000'],
  viridis: ['440154', '482878', '3e4989', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725'],
  magma: ['000004', '180f3d', '440f76', '721f81', '9e2f7f', 'cd4071', 'f1605d', 'fd9668', 'feca8d', 'fcfdbf'],
  coolwarm: ['3b4cc0', '8db0fe', 'dddddd', 'f4987a', 'b40426'],
} as const

export type Colormap = keyof typeof COLOURS
export const COLORMAPS = Object.keys(COLOURS) as readonly Colormap[]

const STEPS = 256

const channels = (hex: string): readonly number[] => [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16))

/** 256 colours of three bytes each, from shade 0 to shade 1. */
export function paletteOf(name: Colormap): Uint8Array {
  const colours = COLOURS[name].map(channels)
  const palette = new Uint8Array(STEPS * 3)
  for (let step = 0; step < STEPS; step++) {
    const place = (step / (STEPS - 1)) * (colours.length - 1)
    const left = Math.min(Math.floor(place), colours.length - 2)
    for (let c = 0; c < 3; c++) {
      const [from = 0, to = 0] = [colours[left]?.[c], colours[left + 1]?.[c]]
      palette[step * 3 + c] = Math.round(from + (to - from) * (place - left))
    }
  }
  return palette
}
