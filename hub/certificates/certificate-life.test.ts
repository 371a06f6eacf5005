import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { certificateIn, lifeOf } from './certificate-life.ts'
import { newServerKey, requestCertificate, serverTls, signRequest } from './certificates.ts'

const DAY_MS = 86_400_000

test('a server’s certificate is good for a year, and due when a third of that is left', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-life-'))
  try {
    const { keystore } = await serverTls(dir, 'hub', ['127.0.0.1'])
    const asked = await signRequest(dir, await requestCertificate(await newServerKey(), 'node3', ['a']), 'node3', ['a'])
    for (const text of [readFileSync(keystore, 'utf8'), asked]) {
      const certificate = certificateIn(text)!
      const at = (days: number) => lifeOf(certificate, Date.now() + days * DAY_MS)
      expect(Math.round((at(0).endMs - Date.now()) / DAY_MS)).toBe(365)
      expect([at(0), at(242)].map(({ isDue }) => isDue)).toEqual([false, false])
      expect(at(245)).toMatchObject({ isDue: true, isOver: false })
      expect(at(366)).toMatchObject({ isDue: true, isOver: true })
    }
    // What is due is made anew by whoever asks for it then.
    const before = readFileSync(keystore, 'utf8')
    await serverTls(dir, 'hub', ['127.0.0.1'], 'server', Date.now() + 240 * DAY_MS)
    expect(readFileSync(keystore, 'utf8')).toBe(before)
    await serverTls(dir, 'hub', ['127.0.0.1'], 'server', Date.now() + 250 * DAY_MS)
    expect(readFileSync(keystore, 'utf8')).not.toBe(before)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('a text without a certificate has none', () => {
  expect(certificateIn('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----')).toBeUndefined()
})
