import { expect, test } from 'vitest'
import { mayKeep } from './may-keep.ts'

test.each([
  'const seen = new WeakSet()\nexport const filter = a => seen.add(a.source)',
  'const memo = new WeakMap()\nexport const filter = a => memo.get(a) ?? memo.set(a, 1)',
  'let last = null\nexport const filter = a => { last = a }',
  'export let filter\nvar last',
  'const last = { alert: null }\nexport const filter = a => { last.alert = a }',
  'const last = {}\nexport const filter = a => { last[a.id] ??= a }',
  'const earlier = []\nexport const filter = a => { earlier.push(a) }',
  'const of = { list: [] }\nexport const filter = a => { of.list.unshift(a) }',
  'class Last { static alert }\nexport const filter = a => { Last.alert = a }',
  'const make = () => {\n  let last\n  return a => { last = a }\n}\nexport const filter = make()',
  'const run = (function* () { let last; for (;;) last = yield })()\nexport const filter = a => run.next(a)',
  'class Last { #alert; see(a) { this.#alert = a } }',
])('it may: %s', source => {
  expect(mayKeep(source)).toBe(true)
})

test.each([
  'export const filter = a => a.source.flux > 5',
  "const BANDS = new Set(['g', 'r'])\nexport const filter = a => BANDS.has(a.source.band)",
  'const CUTS = { flux: 5 }\nexport const filter = a => Object.entries(CUTS).every(([name, least]) => a.source[name] >= least)',
  'const OPS = { same: (a, b) => a === b }\nexport const filter = a => OPS.same(a.band, "g") && CUTS.least == 5',
  'const LEAST = Math.log10(5)\nexport const filter = a => { let n = 0; return n < LEAST }',
  'const isGood = each => each.flux > 5\nexport const filter = (a) => { let n = 0; return n < 5 }',
  'export function filter(a) { const points = []; for (const each of a.history) points.push(each.flux); let n = 0; n += points.length; return n > 3 }',
])('it does not: %s', source => {
  expect(mayKeep(source)).toBe(false)
})

test.each([
  'a',
  'a.b',
  'a[',
  'a[0]',
  'const a\n',
  '.set',
  ' ',
  '=',
  'a.push',
  'this.',
  '#',
  'const a = b(',
  'const a = a.b.c',
  'let ',
  '( ',
])('the time to tell grows with the length, also of %j again and again', piece => {
  const spent = (times: number): number => {
    const source = piece.repeat(times)
    const before = process.cpuUsage().user
    mayKeep(source)
    return process.cpuUsage().user - before
  }
  spent(1000)
  // 64 times the length: were it quadratic, it would take a minute and more.
  expect(spent(Math.floor(256_000 / piece.length))).toBeLessThan(5_000_000)
})
