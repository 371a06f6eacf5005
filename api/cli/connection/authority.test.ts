// An API whose certificate is of a system's own authority.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serverTls } from '#hub'
import { type CliContext } from '../context/cli-context.ts'
import { runCli } from '../run.ts'

let dir: string
let server: Server
let url: string
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-cli-ca-'))
  const { keystore } = await serverTls(dir, 'api', ['127.0.0.1'])
  const pem = readFileSync(keystore, 'utf8')
  server = createServer({ key: pem, cert: pem }, (_, answer) => {
    answer.end(JSON.stringify({ account: 'admin', scopes: [], admin: true }))
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.close().closeAllConnections()
  rmSync(dir, { recursive: true, force: true })
})

const cli = async (argv: readonly string[], over: Partial<CliContext> = {}) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const stdin = Readable.from(['sky_test'])
  const context = { stdin, stdout, stderr, directory: dir, configDirectory: join(dir, 'config'), color: false }
  const code = await runCli(argv, { ...context, url, ...over })
  return { code, said: `${stdout.read() ?? ''}${stderr.read() ?? ''}` }
}

test('is not believed by itself, and what to do is told', async () => {
  const { code, said } = await cli(['auth', 'login'])
  expect(code).toBe(1)
  expect(said).toMatch(/not one that this machine trusts.*auth login --ca FILE/)
})

test('is believed with the authority’s certificate, which the profile keeps', async () => {
  expect(await cli(['auth', 'login', '--ca', 'ca.pem'])).toMatchObject({ code: 0 })
  expect(await cli(['auth', 'whoami'])).toMatchObject({ code: 0 })
  expect(readFileSync(join(dir, 'config', 'profiles.json'), 'utf8')).toContain('BEGIN CERTIFICATE')
})

test('is believed with the certificate that a variable names', async () => {
  const over = { caFile: join(dir, 'ca.pem'), token: 'sky_test' }
  expect(await cli(['auth', 'whoami'], over)).toMatchObject({ code: 0 })
})

test('a file that holds no certificate is named', async () => {
  writeFileSync(join(dir, 'empty.pem'), '')
  const { code, said } = await cli(['auth', 'login', '--ca', 'empty.pem'])
  expect(code).toBe(2)
  expect(said).toContain('empty.pem holds no certificate')
})
