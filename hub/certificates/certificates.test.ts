import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newServerKey, requestCertificate, serverTls, signRequest } from './certificates.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-tls-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const HOSTS = ['127.0.0.1', 'localhost']
/** As X.509 names its use by a client (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

test('a server with them is trusted by who trusts the authority, and by nobody else', async () => {
  const { ca, keystore } = await serverTls(dir, 'hub', HOSTS)
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
    const other = await serverTls(join(dir, 'other'), 'hub', HOSTS)
    await expect(reach(other.ca, 'localhost')).rejects.toThrow(/certificate|signature/)
  } finally {
    server.close()
  }
})

test('they are made once, anew for other hosts, and readable by their owner only', async () => {
  const first = await serverTls(dir, 'hub', HOSTS)
  const kept = await readFile(first.keystore, 'utf8')
  expect(await serverTls(dir, 'hub', HOSTS)).toEqual(first)
  expect(await readFile(first.keystore, 'utf8')).toBe(kept)
  const wider = await serverTls(dir, 'hub', [...HOSTS, 'hub.example.org'])
  expect(wider.ca).toBe(first.ca)
  expect(new X509Certificate(await readFile(wider.keystore, 'utf8')).subjectAltName).toContain('hub.example.org')
  for (const file of ['hub.pem', 'authority.pem']) expect((await stat(join(dir, file))).mode & 0o077).toBe(0)
})

test('a key that stays where it is gets a certificate for the names it is given, by the same authority', async () => {
  const { ca } = await serverTls(dir, 'hub', HOSTS)
  const key = await newServerKey()
  const csr = await requestCertificate(key, 'node3', ['elsewhere.example.org'])
  const certificate = new X509Certificate(await signRequest(dir, csr, 'node3', ['10.1.2.3', 'node3.example.org']))
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true)
  expect(certificate.subjectAltName).toBe('IP Address:10.1.2.3, DNS:node3.example.org')
  expect(certificate.subject).toBe('CN=node3')
  const peer = new X509Certificate(await signRequest(dir, csr, 'far-1', ['10.1.2.3'], 'peer'))
  expect(certificate.keyUsage).not.toContain(CLIENT_AUTH)
  expect([peer.subject, peer.keyUsage.includes(CLIENT_AUTH)]).toEqual(['CN=far-1', true])
})

test('a request that is none, or that its key has not signed, is refused', async () => {
  const newRequest = async (): Promise<string> => requestCertificate(await newServerKey(), 'node3', HOSTS)
  const [one, other] = [await newRequest(), await newRequest()]
  const bytes = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  const mixed = Buffer.from(bytes(one))
  // The other's public key and names, the first one's signature.
  bytes(other).copy(mixed, 0, 0, 160)
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${mixed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  for (const csr of [forged, 'no request', ''])
    await expect(signRequest(dir, csr, 'node3', HOSTS)).rejects.toMatchObject({ code: 'HUB_CERTIFICATE_REQUEST' })
})

test('a peer’s is a client’s too, a server’s is not; one of the other kind is made anew', async () => {
  const usesOf = async (role: 'server' | 'peer'): Promise<readonly string[]> =>
    new X509Certificate(await readFile((await serverTls(dir, 'one', HOSTS, role)).keystore, 'utf8')).keyUsage
  const [server, client] = ['1.3.6.1.5.5.7.3.1', CLIENT_AUTH]
  expect(await usesOf('server')).toEqual([server])
  expect(await usesOf('peer')).toEqual([server, client])
  expect(await usesOf('server')).toEqual([server])
})
