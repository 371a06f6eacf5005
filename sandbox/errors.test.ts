// Every code says what it means, and every code is used.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SANDBOX_ERRORS } from './errors.ts'

test('each code is a sentence and is thrown somewhere', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'errors.ts')
    .map(name => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('\n')
  for (const meaning of Object.values(SANDBOX_ERRORS)) expect(meaning).toMatch(/^[A-Z].*\.$/)
  expect(Object.keys(SANDBOX_ERRORS).filter(code => !sources.includes(`'${code}'`))).toEqual([])
})
