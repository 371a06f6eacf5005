import { expect, test } from 'vitest'
import { pythonLibraries } from './libraries.ts'

test('authors can see which libraries there are', () => {
  const libraries = pythonLibraries()
  expect(libraries.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['astropy', 'light_curve', 'numpy', 'scipy']),
  )
  for (const { version } of libraries) expect(version).toMatch(/^\d+\./)
})
