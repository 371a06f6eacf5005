import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { nearNames } from './near-names.ts'

const KNOWN = ['psfFlux', 'psfFluxErr', 'apFlux', 'midpointMjdTai', 'band', 'ra', 'dec', 'diaSource', 'prvDiaSources']

test.each([
  ['psfFlx', ['psfFlux']],
  ['psfflux', ['psfFlux', 'psfFluxErr']],
  ['midPointTai', ['midpointMjdTai']],
  ['bnad', ['band']],
  ['reliability', []],
  ['x'.repeat(1000), []],
])('%s may have been meant for %j', (name, expected) => {
  expect(nearNames(name, KNOWN)).toEqual(expected)
})

test('a name is the likest to itself', () => {
  assert(property(string({ minLength: 1, maxLength: 40 }), name => nearNames(name, [...KNOWN, name])[0] !== undefined))
})
