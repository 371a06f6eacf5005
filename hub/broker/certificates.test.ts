import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { developmentTls } from './development-tls.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-tls-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const HOSTS = ['127.0.0.1', 'localhost']

test('a server with them is trusted by who trusts the authority, and by nobody else', async () => {
  const { ca, keystore } = await developmentTls(dir, 'hub', HOSTS)
  const pem = await readFile(keystore, 'utf8')
  const server = createServer({ key: pem, cert: pem }, socket => socket.end('hello'))
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const reach = (trusted: string | undefined, host: string) =>
    new Promise<boolean>((resolve, reject) => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port,
        servername: host,
        ...(trusted ? { ca: trusted } : {}),
      })
      socket.once('secureConnect', () => resolve(socket.authorized))
      socket.once('error', reject)
      socket.resume()
    })
  try {
    expect(await reach(ca, 'localhost')).toBe(true)
    await expect(reach(undefined, 'localhost')).rejects.toThrow(/certificate/)
    await expect(reach(ca, 'elsewhere.example')).rejects.toThrow(/altnames|Hostname/)
    const other = await developmentTls(join(dir, 'other'), 'hub', HOSTS)
    await expect(reach(other.ca, 'localhost')).rejects.toThrow(/certificate|signature/)
  } finally {
    server.close()
  }
})

test('they are made once, anew for other hosts, and readable by their owner only', async () => {
  const first = await developmentTls(dir, 'hub', HOSTS)
  const kept = await readFile(first.keystore, 'utf8')
  expect(await developmentTls(dir, 'hub', HOSTS)).toEqual(first)
  expect(await readFile(first.keystore, 'utf8')).toBe(kept)
  const wider = await developmentTls(dir, 'hub', [...HOSTS, 'hub.example.org'])
  expect(wider.ca).toBe(first.ca)
  expect(new X509Certificate(await readFile(wider.keystore, 'utf8')).subjectAltName).toContain('hub.example.org')
  for (const file of ['hub.pem', 'authority.pem']) expect((await stat(join(dir, file))).mode & 0o077).toBe(0)
})
