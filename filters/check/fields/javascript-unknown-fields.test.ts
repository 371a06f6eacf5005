// A name that no schema has is told before it makes a filter drop everything; what cannot be known is not told.
import { describe, expect, test } from 'vitest'
import { checkSource } from '../check-source.ts'
import { syntheticSchema } from '../../trial/sample.ts'
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
    [
      'a member',
      'return alert.diaSource.psfFluks > 0',
      '2:24 no packet of this stream has psfFluks in alert.diaSource',
      'psfFlux',
    ],
    [
      'a member by text',
      'return alert.diaSource["filterName"] === "r"',
      '2:24 no packet of this stream has filterName in alert.diaSource',
      '',
    ],
    [
      'a name of the alert',
      'return alert.diasource !== null',
      '2:14 no packet of this stream has diasource in alert',
      'diaSource',
    ],
    [
      'what is destructured',
      'const { bnd } = alert.diaSource; return bnd',
      '2:9 no packet of this stream has bnd in alert.diaSource',
      'band',
    ],
    [
      'what hangs on a variable',
      'const s = alert.diaSource\nreturn s.fluxx',
      '3:10 no packet of this stream has fluxx in alert.diaSource',
      '',
    ],
    [
      'a member of items',
      'return alert.prvDiaSources?.some(s => s.mag > 1)',
      '2:41 no packet of this stream has mag in alert.prvDiaSources[]',
      '',
    ],
    [
      'a member of an item',
      'return alert.prvDiaSources?.[0].bandd === "g"',
      '2:33 no packet of this stream has bandd in alert.prvDiaSources[]',
      'band',
    ],
    [
      'a member in a loop',
      'for (const s of alert.prvDiaSources ?? []) if (s.bandd) return true',
      '2:50 no packet of this stream has bandd in alert.prvDiaSources[]',
      'band',
    ],
    [
      'an optional member',
      'return alert.diaObject?.raa > 1',
      '2:25 no packet of this stream has raa in alert.diaObject',
      'ra',
    ],
  ])('%s', (_what, text, start, near) => {
    const [warning, ...more] = warningsOf(body(text))
    expect(warning?.startsWith(start)).toBe(true)
    expect(warning).toMatch(near === '' ? /null$|did you mean/ : new RegExp(`did you mean .*${near}`))
    expect(more).toEqual([])
  })

  test('a filter that is an arrow function, or takes its alert apart', () => {
    expect(warningsOf('export const filter = ({ diaSource: s, moon }) => s.sun > 1')).toEqual([
      expect.stringMatching(/^1:40 no packet of this stream has moon in alert/),
      expect.stringMatching(/^1:53 no packet of this stream has sun in alert.diaSource/),
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
