import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIRROR_ERRORS, MirrorError, type MirrorErrorCode } from './errors.ts'

const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'errors.ts')
  .map(name => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n')

test.each(Object.keys(MIRROR_ERRORS) as MirrorErrorCode[])('%s is thrown somewhere and says what it means', code => {
  expect(sources.includes(`'${code}'`)).toBe(true)
  expect(MIRROR_ERRORS[code]).toMatch(/^[A-Z].{20,}\.$/)
  expect(new MirrorError(code, 'x', { cause: 1 })).toMatchObject({ code, cause: 1, name: 'MirrorError' })
})
