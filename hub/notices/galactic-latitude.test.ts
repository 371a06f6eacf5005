import { expect, test } from 'vitest'
import { galacticLatitude } from './galactic-latitude.ts'

// Positions in ICRS and latitudes as SIMBAD lists them.
test.each([
  ['M 31', 10.684_708, 41.268_75, -21.573_31],
  ['the Large Magellanic Cloud', 80.894_2, -69.756_1, -32.888_5],
  ['Sgr A*', 266.416_817, -29.007_825, -0.046_17],
  ['M 87', 187.705_93, 12.391_123, 74.491_3],
  ['the north galactic pole', 192.859_48, 27.128_25, 90],
  ['the south galactic pole', 12.859_48, -27.128_25, -90],
])('%s is where catalogues have it', (_, ra, dec, latitude) => {
  expect(galacticLatitude(ra, dec)).toBeCloseTo(latitude, 2)
})

test('a position that is none has no latitude', () => {
  expect(galacticLatitude(undefined, 3)).toBeUndefined()
  expect(galacticLatitude(3, undefined)).toBeUndefined()
  expect(galacticLatitude(3, Number.NaN)).toBeUndefined()
  expect(galacticLatitude(3, 90.5)).toBeUndefined()
})
