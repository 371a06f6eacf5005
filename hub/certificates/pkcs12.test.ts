import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serverTls } from './certificates.ts'
import { pkcs12Of } from './pkcs12.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-pkcs12-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** What Java itself finds in it. */
const keytool = async (file: string, password: string): Promise<string> => {
  const args = ['-list', '-v', '-storetype', 'PKCS12', '-keystore', file, '-storepass:env', 'PASSWORD']
  const env = { PATH: process.env['PATH'] ?? '', PASSWORD: password, LC_ALL: 'C' }
  return (await promisify(execFile)('keytool', args, { env })).stdout
}

test('Java finds the key with its certificate, and the authority as one that is trusted', async () => {
  const { keystore, ca } = await serverTls(dir, 'cell-1', ['127.0.0.2'], 'peer')
  const file = join(dir, 'rest.p12')
  await writeFile(file, pkcs12Of(await readFile(keystore, 'utf8'), ca, 'of-the-keystore'))
  const found = await keytool(file, 'of-the-keystore')
  expect(found).toContain('contains 2 entries')
  expect(found).toMatch(/Alias name: own[^]*Entry type: PrivateKeyEntry[^]*Owner: CN=cell-1/)
  expect(found).toMatch(/Alias name: ca[^]*Entry type: trustedCertEntry/)
})
