import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { nearNames } from '#filters'
import { CliError } from '../../output/exit-codes.ts'
import { compileWhere, type Fields } from './where.ts'

const NOTICE: Fields = {
  alertId: 170_094_456_272_322_681n,
  objectId: 'ZTF18abc',
  visit: 2_026_112_100_001n,
  snr: 12.5,
  flux: -900,
  fluxErr: null,
  band: 'r',
  known: false,
  earlierDetections: null,
}
const options = { fields: Object.keys(NOTICE), near: nearNames }
const where = (text: string): boolean => compileWhere(text, options)(NOTICE)
const problemOf = (text: string): CliError => {
  try {
    compileWhere(text, options)
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error(`${text} is taken`)
}

test.each([
  'snr > 10 && known === false',
  'Math.abs(flux) / 100 === 9',
  "['g', 'r'].includes(band) || known",
  "objectId.startsWith('ZTF18')",
  'band === "r" ? snr >= 12.5 : false',
  '(earlierDetections ?? 0) === 0',
  'fluxErr == null',
  'alertId === 170094456272322681',
  "alertId === '170094456272322681'",
  '[170094456272322681, 1].includes(alertId)',
  'visit > 2026112100000 && visit === 2026112100001',
  '!known && -flux > 5e2 && snr ** 2 % 2 !== 0',
])('%s is so of the notice', text => {
  expect(where(text)).toBe(true)
})

test.each([
  'snr > 100',
  'fluxErr < 5',
  'fluxErr >= 0',
  'flux / fluxErr < 1',
  'earlierDetections < 3',
  'alertId === 170094456272322680',
  "alertId === '170094456272322680'",
  'snr - 12.5',
  'NaN',
  'undefined',
])('%s is not: null is less than nothing, and ids are exact', text => {
  expect(where(text)).toBe(false)
})

test('an unknown field is named with the nearest one and its place', () => {
  const problem = problemOf('snr > 10 && psfFluxErr > flx')
  expect(problem).toMatchObject({ code: 'CLI_WHERE', exitCode: 2 })
  expect(problem.message).toMatch(/psfFluxErr, which no notice has/)
  expect(problemOf('known && flx > 3')).toMatchObject({
    message: expect.stringMatching(/did you mean flux/),
    problems: [{ line: 1, column: 10 }],
  })
})

test.each([
  ['snr >', 6],
  ['snr > 10 known', 10],
  ['snr > 10 &&& known', 12],
  ['(snr', 5],
  ['', 1],
])('“%s” is a syntax error at column %i', (text, column) => {
  expect(problemOf(text).problems[0]).toMatchObject({ column })
})

test.each([
  'process.exit(1)',
  'band.constructor',
  'known = true',
  '(() => 1)()',
  'new Date',
  'Math.random()',
  'Math.constructor("x")',
  'band.repeat(1e9)',
  '/(a+)+$/.test(band)',
  '`x${band}`',
  'this',
  'import("fs")',
  'snr++',
  `${'('.repeat(300)}1${')'.repeat(300)}-`,
])('%s is refused: nothing of the text runs as code', text => {
  expect(problemOf(text)).toMatchObject({ code: 'CLI_WHERE' })
})

test('any text is either an expression or a CLI_WHERE', () => {
  assert(
    property(string(), text => {
      try {
        return typeof where(text) === 'boolean'
      } catch (error) {
        return error instanceof CliError && error.code === 'CLI_WHERE'
      }
    }),
  )
})
