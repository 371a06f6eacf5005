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

test('a filter that has moved costs what it did before, until its new node has measured it', () => {
  const cpu = { ms: 3700, alerts: 10_000 }
  const moved = { ...inLanguage('javascript'), handover: { cpu } } as Manifest
  expect(costOf(moved, { cpuMs: 90, cpuAlerts: 900 }).cores).toBeCloseTo(0.1)
  expect(costOf(moved, { cpuMs: 370, cpuAlerts: 10_000 }).cores).toBeCloseTo(0.01)
  expect(costOf({ ...moved, handover: { cpu: { ...cpu, alerts: 999 } } } as Manifest, undefined)).toEqual(
    costOf(inLanguage('javascript'), undefined),
  )
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
