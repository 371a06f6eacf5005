import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DeployError } from '../errors.ts'
import { errorText } from './error-text.ts'

const file = (): string => join(mkdtempSync(join(tmpdir(), 'skysieve-tell-')), 'folder/faults.log')

test('an error that is made to be read is told as it is', () => {
  expect(errorText(new DeployError('DEPLOY_OPTION', '--nodes needs a number.'), file())).toBe('--nodes needs a number.')
})

test('any other error is a sentence; its trace and causes are in a file', () => {
  const kept = file()
  const error = new Error('fetch failed', { cause: new DOMException('The operation timed out', 'TimeoutError') })
  const told = errorText(error, kept)
  expect(told).toBe(`Skysieve failed by a fault of its own: fetch failed. What is needed to find it is in ${kept}.`)
  expect(told).not.toMatch(/\n| {4}at /)
  expect(readFileSync(kept, 'utf8')).toMatch(/fetch failed[^]* at [^]*caused by [^]*The operation timed out/)
})

test('what is no error, and a file that cannot be written, are no reason to say nothing', () => {
  expect(errorText('out of luck', join(import.meta.filename, 'faults.log'))).toBe(
    'Skysieve failed by a fault of its own: out of luck.',
  )
})
