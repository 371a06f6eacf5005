import { expect, test } from 'vitest'
import { checkSource } from './check-source.ts'
import { heldAnnotationsWarning } from './held-annotations-warning.ts'

const named = (language: 'javascript' | 'python', source: string): readonly string[] => {
  const check = checkSource(language, source, { fields: [] })
  return check.ok ? check.names : []
}
const JAVASCRIPT = named('javascript', 'export const filter = alert => ({ pass: true, annotations: { a: 1 } })')
const PYTHON = named('python', 'def filter(alert):\n    return {"pass": True, "annotations": {"a": 1}}\n')
const NONE = named('javascript', 'export const filter = alert => true')

test.each([
  ['JavaScript', JAVASCRIPT],
  ['Python', PYTHON],
])('annotations of %s that may be too long to be held for all winners of a visit are a warning', (_language, names) => {
  expect(heldAnnotationsWarning({ policy: 'best', cap: 100 }, names)?.message).toMatch(
    /with cap 100 the annotations of an alert may have 2621 bytes.*up to 64 none is left out/,
  )
})

test('what is always held is none, nor is a filter that annotates nothing or delivers the first', () => {
  expect(heldAnnotationsWarning({ policy: 'best', cap: 64 }, JAVASCRIPT)).toBeUndefined()
  expect(heldAnnotationsWarning({ policy: 'first', cap: 1000 }, JAVASCRIPT)).toBeUndefined()
  expect(heldAnnotationsWarning({ policy: 'best', cap: 1000 }, NONE)).toBeUndefined()
})
