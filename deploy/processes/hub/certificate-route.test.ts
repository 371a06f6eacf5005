import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newServerKey, requestCertificate, serverTls } from '#hub'
import { orderCertificate } from '../api/order-certificate.ts'
import { certificateRoute } from './certificate-route.ts'

const SECRET = 'secret-of-the-authority'

let dir: string
let app: ReturnType<typeof fastify>
let port: number
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-authority-'))
  writeFileSync(join(dir, 'secret'), `${SECRET}\n`)
  app = fastify()
  certificateRoute(app, { dir, secretSha256: createHash('sha256').update(SECRET).digest('hex') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  ;({ port } = app.server.address() as AddressInfo)
})
afterEach(async () => {
  await app.close()
  rmSync(dir, { recursive: true, force: true })
})

test('who has the secret gets a certificate of the authority for the names it orders', async () => {
  const { ca } = await serverTls(dir, 'hub', ['127.0.0.1'])
  const csr = await requestCertificate(await newServerKey(), 'anything', ['anything.example'])
  const order = orderCertificate({ port, secretFile: join(dir, 'secret') })
  const certificate = new X509Certificate(await order(csr, 'node3', { host: 'node3.example.org' }, 'server'))
  expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true)
  expect(certificate.subjectAltName).toBe('DNS:node3.example.org, IP Address:127.0.0.1, DNS:localhost')
  const peer = new X509Certificate(await order(csr, 'far-1', { host: '10.0.0.1' }, 'peer'))
  expect([peer.subject, peer.keyUsage]).toEqual(['CN=far-1', expect.arrayContaining(['1.3.6.1.5.5.7.3.2'])])
})

test.each([
  ['another secret', `Bearer ${SECRET}x`, 401],
  ['no secret', '', 401],
  ['no order', `Bearer ${SECRET}`, 422],
])('with %s nothing is signed', async (_, authorization, status) => {
  const response = await fetch(`http://127.0.0.1:${port}/certificates`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ csr: 'x', name: '', hosts: [], role: 'server' }),
  })
  expect(response.status).toBe(status)
  expect(await response.text()).not.toContain('CERTIFICATE-')
})

test('a request that is none is said to be none', async () => {
  const order = orderCertificate({ port, secretFile: join(dir, 'secret') })
  await expect(order('no request', 'node3', { host: '10.0.0.1' }, 'server')).rejects.toThrow(/answered 422/)
})
