// A name that no schema has is told before it makes a filter drop everything; what cannot be known is not told.
import { describe, expect, test } from 'vitest'
import { checkSource } from './check-source.ts'
import { nearestNames } from './nearest-names.ts'
import { syntheticSchema } from './sample.ts'
import { streamFields } from './stream-fields.ts'
import { STREAMS } from '#hub'

const fields = streamFields(STREAMS.lsst, [syntheticSchema()])
const warningsOf = (source: string): string[] => {
  const check = checkSource('javascript', source, { fields })
  if (!check.ok) throw new Error(JSON.stringify(check.problems))
  return check.warnings
    .filter(({ code }) => code === 'FILTER_SOURCE_UNKNOWN_FIELD')
    .map(({ line, column, message }) => `${line}:${column} ${message}`)
}
const body = (text: string): string => `export function filter(alert) {\n${text}\n}`

describe('told is', () => {
  test.each([
    ['a member', 'return alert.diaSource.psfFluks > 0', '2:24 alert.diaSource has no field psfFluks', 'psfFlux'],
    [
      'a member by text',
      'return alert.diaSource["filterName"] === "r"',
      '2:24 alert.diaSource has no field filterName',
      '',
    ],
    ['a name of the alert', 'return alert.diasource !== null', '2:14 alert has no field diasource', 'diaSource'],
    [
      'what is destructured',
      'const { bnd } = alert.diaSource; return bnd',
      '2:9 alert.diaSource has no field bnd',
      'band',
    ],
    [
      'what hangs on a variable',
      'const s = alert.diaSource\nreturn s.fluxx',
      '3:10 alert.diaSource has no field fluxx',
      '',
    ],
    [
      'a member of items',
      'return alert.prvDiaSources?.some(s => s.mag > 1)',
      '2:41 alert.prvDiaSources[] has no field mag',
      '',
    ],
    [
      'a member of an item',
      'return alert.prvDiaSources?.[0].bandd === "g"',
      '2:33 alert.prvDiaSources[] has no field bandd',
      'band',
    ],
    [
      'a member in a loop',
      'for (const s of alert.prvDiaSources ?? []) if (s.bandd) return true',
      '2:50 alert.prvDiaSources[] has no field bandd',
      'band',
    ],
    ['an optional member', 'return alert.diaObject?.raa > 1', '2:25 alert.diaObject has no field raa', 'ra'],
  ])('%s', (_what, text, start, near) => {
    const [warning, ...more] = warningsOf(body(text))
    expect(warning?.startsWith(start)).toBe(true)
    expect(warning).toMatch(new RegExp(`nearest names are .*${near}`))
    expect(more).toEqual([])
  })

  test('a filter that is an arrow function, or takes its alert apart', () => {
    expect(warningsOf('export const filter = ({ diaSource: s, moon }) => s.sun > 1')).toEqual([
      expect.stringMatching(/^1:40 alert has no field moon/),
      expect.stringMatching(/^1:53 alert.diaSource has no field sun/),
    ])
  })

  test('an image that was not asked for', () => {
    expect(warningsOf(body('return alert.cutoutDifference !== null'))).toEqual([
      expect.stringMatching(/is null: the filter does not ask for cutouts/),
    ])
  })
})

test.each([
  'return alert.prvDiaSources?.length > 3 && Math.max(1, 2) > 1',
  'return alert.diaSource.band.length > 0 && alert.diaSource.band.nothing',
  'return Object.keys(alert).length > 3 && alert.diaSource.hasOwnProperty("x") && `${alert.toString()}`',
  'let s = alert.diaSource\ns = { mine: 1 }\nreturn s.mine',
  'const f = alert => alert.other\nreturn f({ other: 1 })',
  'const copy = { ...alert.diaSource, extra: 1 }\nreturn copy.extra',
  'const name = "nothing"\nreturn alert[name]',
  'const s = alert.prvDiaSources.map(s2 => ({ mine: s2.psfFlux }))\nreturn s[0].mine > 1',
  'return (alert.prvDiaSources ?? []).filter(p => p.band === "g").map(p2 => p2.psfFlux).nothing',
])('nothing is said of %s', text => {
  expect(warningsOf(body(text))).toEqual([])
})

test('the nearest names come first, whatever their case', () => {
  expect(nearestNames('PSFflux', ['band', 'psfFluxErr', 'psfFlux'], 2)).toEqual(['psfFlux', 'psfFluxErr'])
  expect(nearestNames('x'.repeat(200), ['band'])).toEqual([])
})
