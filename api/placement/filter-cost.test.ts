import { expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { costOf } from './filter-cost.ts'

const inLanguage = (language: 'javascript' | 'python'): Manifest =>
  ({
    active: 2,
    versions: [
      { number: 1, language: 'typescript' },
      { number: 2, language },
    ],
  }) as Manifest

test('a filter costs what it was measured to, once that was for enough alerts', () => {
  const one = inLanguage('javascript')
  const usual = costOf(one, undefined)
  expect(costOf(one, { cpuMs: 500, cpuAlerts: 999 })).toEqual(usual)
  expect(costOf(one, { cpuMs: 370, cpuAlerts: 10_000 }).cores).toBeCloseTo(0.01)
  expect(costOf(one, { cpuMs: 370 })).toEqual(usual)
})

test('what no filter can use is not believed', () => {
  const dearest = costOf(inLanguage('javascript'), { cpuMs: 1e300, cpuAlerts: 1000 }).cores
  expect(dearest).toBeLessThan(30)
  expect(costOf(inLanguage('javascript'), { cpuMs: -5, cpuAlerts: 1000 }).cores).toBe(0)
})

test('a filter in Python takes forty times the memory of another', () => {
  const [javascript, python] = [costOf(inLanguage('javascript'), undefined), costOf(inLanguage('python'), undefined)]
  expect(python.memoryBytes).toBe(40 * javascript.memoryBytes)
  expect(python.cores).toBeGreaterThan(javascript.cores)
})
