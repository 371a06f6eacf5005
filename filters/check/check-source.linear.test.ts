import { expect, test } from 'vitest'
import { type Language } from '../manifest.ts'
import { checkSource } from './check-source.ts'

const filter = 'export const filter = a => a'
const several = (n: number, part: (i: number) => string, between = ''): string =>
  Array.from({ length: n }, (_, i) => part(i)).join(between)

const FAMILIES: readonly [what: string, language: Language, source: (n: number) => string][] = [
  ['brackets with a quote', 'python', n => `def filter(a): pass\n${'["'.repeat(n)}`],
  ['brackets', 'python', n => `def filter(a): pass\n${'['.repeat(n)}`],
  ['one long name', 'python', n => `def filter(a): pass\n${'a'.repeat(n)}`],
  ['unknown fields', 'python', n => `def filter(a): return [${'a["b"],'.repeat(n / 8)}]`],
  ['steps', 'python', n => `def filter(a): return a${'[0]'.repeat(n / 4)}`],
  ['long texts', 'python', n => `def filter(a): pass\n${`'''`.repeat(n / 4)}"""`],
  ['assignments', 'python', n => `def filter(a):\n${'    b = a["c"]\n'.repeat(n / 16)}`],
  ['classes', 'python', n => `def filter(a): pass\n${'class A(AlertFilter): '.repeat(n / 8)}`],
  ['exports, one by one', 'javascript', n => several(n / 4, i => `let a${i};export{a${i} as b${i}};`) + filter],
  ['exports in one list', 'javascript', n => `let a;export{${several(n / 2, i => `a as b${i}`, ',')}};${filter}`],
  ['awaits among functions', 'javascript', n => 'function f(){async()=>{await 1}}'.repeat(n / 8) + filter],
  ['variables', 'javascript', n => several(n / 4, i => `var a${i};let b${i};`) + filter],
  ['changed variables', 'javascript', n => several(n / 8, i => `let a${i};a${i}=1;`) + filter],
  ['functions', 'javascript', n => several(n / 8, i => `function f${i}(){}`) + filter],
  ['members', 'javascript', n => `${filter};[${several(n / 400, () => `a${'.b'.repeat(400)}`, ',')}]`],
  ['terms', 'javascript', n => `${filter}[a${'+a'.repeat(n / 4)}]`],
  ['a template', 'javascript', n => `${filter}+\`${'${a} '.repeat(n / 2)}\``],
  ['names of a pattern', 'javascript', n => `${filter};/${several(n / 8, i => `(?<a${i}>x)`)}/`],
]

/** Milliseconds of processor time that a check takes. */
const cost = (language: Language, source: string): number => {
  const begun = process.cpuUsage()
  checkSource(language, source, { fields: [] })
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

// Four times the text costs about four times as much; 16 times would be quadratic. The least of several runs, in turns, and 10 ms of slack.
test.each(FAMILIES)('checking %s (%s) costs as much as they are long', (_what, language, source) => {
  const [short, long] = [source(4_000), source(16_000)]
  const best = { short: Infinity, long: Infinity }
  for (let run = 0; run < 3; run++) {
    best.short = Math.min(best.short, cost(language, short))
    best.long = Math.min(best.long, cost(language, long))
  }
  expect(best.long).toBeLessThan(10 * best.short + 10)
})
