import { describe, expect, test } from 'vitest'
import { STREAMS } from '#hub'
import { checkSource } from './check-source.ts'
import { type Field } from './fields/columns-read.ts'
import { examples } from '../trial/examples.ts'
import { syntheticSchema } from '../trial/sample.ts'
import { streamFields } from './fields/stream-fields.ts'

const fields: Field[] = [
  { path: 'diaSourceId', kind: 'long' },
  { path: 'diaSource.psfFlux', kind: 'number' },
  { path: 'diaSource.band', kind: 'string' },
  { path: 'diaObject', kind: 'present' },
  { path: 'diaObject.g_psfFluxMean', kind: 'number' },
  { list: 'prvDiaSources', path: 'psfFlux', kind: 'number' },
  { list: 'prvDiaSources', path: 'band', kind: 'string' },
  { path: 'cutoutScience', kind: 'binary' },
]

const problemsOf = (source: string, language: 'javascript' | 'typescript' = 'javascript') => {
  const check = checkSource(language, source, { fields })
  return check.ok ? [] : check.problems
}
const readsOf = (source: string, cutouts = false) => {
  const check = checkSource('javascript', source, { fields, cutouts })
  if (!check.ok) throw new Error(JSON.stringify(check.problems))
  return {
    columns: check.reads.columns.map(({ path }) => path),
    lists: check.reads.lists.map(({ path, columns }) => [path, ...columns.map(column => column.path)]),
    everything: check.readsEverything,
  }
}

describe('a source is refused with its position when', () => {
  test.each([
    ['it has a syntax error', 'export function filter(alert) {\n  return alert..x\n}', 2, 16, 'FILTER_SOURCE_SYNTAX'],
    ['it imports', 'const a = 1\nimport fs from "fs"\nexport const filter = () => a', 2, 1, 'FILTER_SOURCE_IMPORT'],
    ['it imports dynamically', 'export function filter() { return import("fs") }', 1, 35, 'FILTER_SOURCE_IMPORT'],
    ['it exports no filter', 'function filter() {}', 1, 1, 'FILTER_SOURCE_NO_FILTER'],
    ['its filter is a value', 'export const filter = 3', 1, 23, 'FILTER_SOURCE_NO_FILTER'],
    ['its filter is async', 'export async function filter() {}', 1, 8, 'FILTER_SOURCE_ASYNC'],
    ['it awaits at the top', 'await 1\nexport function filter() {}', 1, 1, 'FILTER_SOURCE_ASYNC'],
  ])('%s', (_what, source, line, column, code) => {
    expect(problemsOf(source)[0]).toMatchObject({ code, line, column })
  })

  test('its TypeScript cannot be erased', () => {
    expect(problemsOf('export enum A { x }\nexport function filter() {}', 'typescript')).toMatchObject([
      { code: 'FILTER_SOURCE_UNSUPPORTED', line: 1, column: 8 },
    ])
  })

  test('it is too long', () => {
    expect(problemsOf(' '.repeat(300_000))).toMatchObject([{ code: 'FILTER_SOURCE_TOO_LARGE' }])
  })
})

test.each([
  'const lib = { filter: alert => alert.diaSource.psfFlux > 1 }\nexport const { filter } = lib',
  'const lib = { bright: alert => alert.diaSource.psfFlux > 1 }\nexport const { bright: filter } = lib',
  'const [filter] = [alert => alert.diaSource.psfFlux > 1]\nexport { filter }',
  'export const { filter = alert => alert.diaSource.psfFlux > 1, ...rest } = {}',
])('a filter that a pattern takes out of something is taken: %s', source => {
  expect(problemsOf(source)).toEqual([])
  expect(readsOf(source).columns).toEqual(['diaSource.psfFlux'])
})

describe('the columns of a filter', () => {
  test('are those whose every name stands in the source', () => {
    expect(readsOf('export function filter(a) { return a.diaSource.psfFlux > 1 }')).toEqual({
      columns: ['diaSource.psfFlux'],
      lists: [],
      everything: false,
    })
  })

  test('include what is destructured or named in text', () => {
    const source = `const NAMES = ['psfFlux']
      export function filter({ diaSource, diaObject }) { return diaSource[NAMES[0]] > 1 && diaObject === null }`
    expect(readsOf(source)).toEqual({ columns: ['diaSource.psfFlux', 'diaObject'], lists: [], everything: false })
  })

  test('of a list are given with the list, and its length alone needs none', () => {
    expect(readsOf('export const filter = a => a.prvDiaSources[0].band === "g"').lists).toEqual([
      ['prvDiaSources', 'band'],
    ])
    expect(readsOf('export const filter = a => a.prvDiaSources.length > 3').lists).toEqual([['prvDiaSources']])
  })

  test('are all of them when names are built or enumerated, and the author is told what that costs', () => {
    const built = 'export const filter = a => a.diaObject[`${a.diaSource.band}_psfFluxMean`] > 1'
    expect(readsOf(built).everything).toBe(true)
    expect(readsOf('export function filter(a) { for (const k in a.diaSource) if (k) return true }').everything).toBe(
      true,
    )
    expect(checkSource('javascript', built, { fields })).toMatchObject({
      warnings: [{ message: expect.stringMatching(/ten times/) }],
    })
  })

  test('hold cutouts only where the manifest asks', () => {
    const source = 'export const filter = a => a.cutoutScience !== null'
    expect(readsOf(source).columns).toEqual([])
    expect(readsOf(source, true).columns).toEqual(['cutoutScience'])
  })
})

test('a variable of the module that changes is warned about', () => {
  const check = checkSource('javascript', 'let seen = 0\nexport const filter = () => seen++ > 3', { fields })
  expect(check).toMatchObject({ ok: true, warnings: [{ line: 2, message: expect.stringMatching(/begins anew/) }] })
})

test('TypeScript keeps the positions of the author’s file', () => {
  const check = checkSource('typescript', 'export function filter(a: { x: number }): boolean { return a.x > 1 }', {
    fields,
  })
  expect(check).toMatchObject({ ok: true, code: expect.stringMatching(/^export function filter\(a {15}\)/) })
})

test.each([
  ['javascript', 'export const filter = a => a.diaSource.psfFlux >'],
  ['typescript', 'export const filter = (a: any) => a.diaSource.psfFlux >'],
] as const)('a byte order mark is skipped in %s, and no column counts it', (language, source) => {
  const marked = checkSource(language, `\uFEFF${source}`, { fields })
  expect(marked).toEqual(checkSource(language, source, { fields }))
  expect(marked.ok).toBe(false)
  expect(checkSource(language, `\uFEFF${source} 1`, { fields })).toMatchObject({
    ok: true,
    code: expect.stringMatching(/^export/),
  })
})

test('a byte order mark is skipped in Python', () => {
  const source = 'def filter(alert):\n    return True\n'
  expect(checkSource('python', `\uFEFF${source}`, { fields })).toMatchObject({ ok: true, code: source })
})

test.each(examples().map(example => [example.name, example] as const))(
  'the example %s is accepted',
  (_name, example) => {
    const known = example.stream === 'lsst' ? streamFields(STREAMS.lsst, [syntheticSchema()]) : []
    expect(checkSource(example.language, example.source, { fields: known })).toMatchObject({
      ok: true,
      readsEverything: false,
      warnings: [],
      description: expect.stringMatching(/\w/),
    })
  },
)
