import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkClientOptions, programOf, writeCa } from './client-programs.ts'

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

test('a program names the file of the certificate as the caller did', () => {
  const texts = { python: 'x "skysieve-ca.pem"', kcat: 'k skysieve-ca.pem', kafkajs: '', properties: '' }
  expect(programOf(texts, { client: 'python' })).toBe('x "skysieve-ca.pem"')
  expect(programOf(texts, { client: 'kcat', ca: '/etc/$&/hub.pem' })).toBe('k /etc/$&/hub.pem')
  expect(programOf(texts, {})).toBe(texts.python)
})

test('names that a program cannot hold as they are, and clients that nobody knows, are refused before anything is made', () => {
  for (const ca of ['it"s.pem', "it's.pem", 'a b.pem', '-x.pem', 'a\nb', 'a\\b', '$HOME/x'])
    expect(() => checkClientOptions({ client: 'python', ca })).toThrow(/would need quotes/)
  expect(() => checkClientOptions({ ca: 'a b.pem' })).not.toThrow()
  expect(() => checkClientOptions({ client: 'python', ca: '../tls/hub-ca_1.pem' })).not.toThrow()
  expect(() => checkClientOptions({ client: 'toString' })).toThrow(/one of python, kcat, kafkajs, properties/)
})

test('a certificate replaces an earlier one, and no other file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-ca-test-'))
  try {
    writeFileSync(join(dir, 'mine.js'), 'mine')
    expect(() => writeCa(dir, 'mine.js', CERTIFICATE)).toThrow(/there already/)
    expect(readFileSync(join(dir, 'mine.js'), 'utf8')).toBe('mine')
    writeFileSync(join(dir, 'ca.pem'), `${CERTIFICATE}old`)
    expect(writeCa(dir, 'ca.pem', CERTIFICATE)).toMatch(/ca\.pem holds/)
    expect(readFileSync(join(dir, 'ca.pem'), 'utf8')).toBe(CERTIFICATE)
    expect(writeCa(dir, 'none.pem', undefined)).toMatch(/plain text/)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
