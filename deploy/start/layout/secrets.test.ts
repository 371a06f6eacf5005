import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSecrets } from './secrets.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'skysieve-secrets-'))

test('secrets are made once, readable by their owner only, and stay the same', () => {
  const dataDir = folder()
  const made = openSecrets(dataDir, ['skysieve-hub'])
  expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600)
  expect(openSecrets(dataDir, ['skysieve-hub'])).toEqual(made)
})

test('a user added later gets a password, and the others keep theirs', () => {
  const dataDir = folder()
  const before = openSecrets(dataDir, ['skysieve-hub'])
  const after = openSecrets(dataDir, ['skysieve-hub', 'skysieve-mm2-node3'])
  expect(after.users['skysieve-hub']).toBe(before.users['skysieve-hub'])
  expect(after.users['skysieve-mm2-node3']).toMatch(/^[A-Za-z0-9_-]{32}$/)
  expect(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'))).toEqual(after)
})
