import { afterEach, expect, test } from 'vitest'
import { type SourceCheck } from './check-source.ts'
import { openSourceChecker, type SourceChecker, type SourceCheckerOptions } from './source-checker.ts'

const GOOD = 'export const filter = (alert: { x: number }): boolean => alert.x > 1'
const nothing = { fields: [] }
const checkers: SourceChecker[] = []
afterEach(() => {
  for (const checker of checkers.splice(0)) checker.close()
})
const open = (options?: SourceCheckerOptions): SourceChecker => {
  const checker = openSourceChecker(options)
  checkers.push(checker)
  return checker
}
const codesOf = (check: SourceCheck): unknown => (check.ok ? 'ok' : check.problems.map(({ code }) => code))
const nested = (open: string, middle: string, close: string, levels: number): string =>
  `export const filter = (a) => ${open.repeat(levels)}${middle}${close.repeat(levels)}`

test.each([
  ['parentheses', nested('(', '1', ')', 3_000)],
  ['members', nested('', 'a', '.b', 2_500)],
  ['arrows', nested('a=>', '1', '', 3_000)],
  ['negations', nested('!', 'a', '', 20_000)],
  ['functions', nested('function(){return ', 'a', '}', 2_000)],
  ['templates', nested('`${', '1', '}`', 3_000)],
  ['types', `let x: ${'A<'.repeat(3_000)}B${'>'.repeat(3_000)}; export const filter = () => x`],
])(
  'a depth of %s is refused with its place, and TypeScript goes on for everybody',
  async (_what, source) => {
    const checker = open({ size: 1 })
    for (const language of ['typescript', 'javascript'] as const) {
      // Types are no JavaScript.
      if (language === 'javascript' && source.startsWith('let x:')) continue
      const check = await checker.check(language, source, nothing)
      expect(codesOf(check)).toEqual(['FILTER_SOURCE_TOO_DEEP'])
      expect(check).toMatchObject({ problems: [{ line: 1, column: expect.any(Number) }] })
      expect(codesOf(await checker.check('typescript', GOOD, nothing))).toBe('ok')
    }
  },
  60_000,
)

test('a sum of thousands of terms is no depth', async () => {
  const source = `export const filter = a => ${'a.x + '.repeat(3_000)}1 > 0`
  expect(codesOf(await open().check('javascript', source, nothing))).toBe('ok')
}, 60_000)

test('a source that exhausts the memory of its process is refused, and the next one is read', async () => {
  const checker = open({ size: 1, limits: { answerMs: 60_000, memoryMb: 16 } })
  const many = `export const filter = a => [${'[],'.repeat(80_000)}]`
  expect(codesOf(await checker.check('javascript', many, nothing))).toEqual(['FILTER_SOURCE_TOO_COMPLEX'])
  expect(codesOf(await checker.check('javascript', 'export const filter = a => a.x', nothing))).toBe('ok')
}, 60_000)

test('a source that is not read in time is refused', async () => {
  const checker = open({ size: 1, limits: { answerMs: 1, memoryMb: 64 } })
  const long = `export const filter = a => [${'a.b,'.repeat(15_000)}]`
  expect(codesOf(await checker.check('javascript', long, nothing))).toEqual(['FILTER_SOURCE_TOO_COMPLEX'])
}, 60_000)

test('while a long source is read, this process does other things, and other accounts are served', async () => {
  const checker = open({ size: 2 })
  const long = `export const filter = a => [${'a.b,'.repeat(15_000)}]`
  const order: string[] = []
  const reading = Promise.all(
    Array.from({ length: 6 }, () => checker.check('javascript', long, nothing, 'a').then(() => order.push('a'))),
  )
  await checker.check('javascript', 'export const filter = a => a.x', nothing, 'b').then(() => order.push('b'))
  await reading
  expect(order.indexOf('b')).toBeLessThan(6)
}, 120_000)

test('what a source is found to read comes with it', async () => {
  const fields = [{ path: 'diaSource.psfFlux', kind: 'number' } as const]
  const check = await open().check('typescript', 'export const filter = (a: any) => a.diaSource.psfFlux > 1', {
    fields,
  })
  expect(check).toMatchObject({
    ok: true,
    reads: { columns: fields, lists: [] },
    names: expect.arrayContaining(['diaSource', 'psfFlux']),
  })
}, 60_000)
