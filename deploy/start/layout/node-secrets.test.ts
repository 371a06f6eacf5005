import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { forgetFormerAdmin, formerAdmin, openNodeSecrets } from './node-secrets.ts'

const OF_ALL = 'the-password-of-all-brokers'

const folder = (): string => join(mkdtempSync(join(tmpdir(), 'skysieve-node-secrets-')), 'node1')

/** A node's folder as starts left it that knew one administrator's password for all brokers. */
const oldFolder = (): string => {
  const dir = folder()
  mkdirSync(join(dir, 'data'), { recursive: true })
  writeFileSync(join(dir, 'data', 'meta.properties'), 'version=1\n')
  return dir
}

test('a node’s secrets are made once, are its owner’s to read, and are none of the hub’s', () => {
  const dir = folder()
  const made = openNodeSecrets(dir, OF_ALL)
  expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600)
  expect(openNodeSecrets(dir, OF_ALL)).toEqual(made)
  expect(readFileSync(join(dir, 'secrets.json'), 'utf8')).not.toContain(OF_ALL)
  expect(new Set(Object.values(made)).size).toBe(4)
})

test('a broker from before is reached with the password of all until it has its own', () => {
  const dir = oldFolder()
  const { admin } = openNodeSecrets(dir, OF_ALL)
  expect(admin).not.toBe(OF_ALL)
  expect(formerAdmin(dir)).toBe(OF_ALL)
  forgetFormerAdmin(dir)
  expect(formerAdmin(dir)).toBeUndefined()
  expect(openNodeSecrets(dir, OF_ALL).admin).toBe(admin)
})

test('a broker whose secrets are lost is named, with what to do', () => {
  const dir = oldFolder()
  expect(() => openNodeSecrets(dir, undefined)).toThrow(new RegExp(`${dir} lacks its secrets.json.*Restore`))
})
