import { createHash } from 'node:crypto'
import { assert, asyncProperty, integer, nat, string } from 'fast-check'
import { expect, test } from 'vitest'
import { readCertificateRequest } from './certificate-request.ts'
import { AUTHORITY, newKeys, requestOf } from './join.fixture.ts'

const refused = expect.objectContaining({ code: 'API_JOIN_REQUEST' })
const keys = await newKeys()
const good = await requestOf(keys, ['node.example.org', '127.0.0.1', '::1'])

test('a request tells whose key it is and what it asks for', async () => {
  const { keySha256, hosts } = await readCertificateRequest(good)
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey))
  expect(keySha256).toBe(createHash('sha256').update(spki).digest('hex'))
  expect(hosts.slice(0, 2)).toEqual(['node.example.org', '127.0.0.1'])
  expect((await readCertificateRequest(await requestOf(keys, []))).hosts).toEqual([])
})

test('one that another key has signed is refused', async () => {
  const other = await newKeys()
  const forged = await requestOf({ publicKey: keys.publicKey, privateKey: other.privateKey }, ['node.example.org'])
  await expect(readCertificateRequest(forged)).rejects.toEqual(refused)
})

test('a key of another kind is refused', async () => {
  const curve = await newKeys({ name: 'ECDSA', namedCurve: 'P-384' })
  await expect(readCertificateRequest(await requestOf(curve, ['a']))).rejects.toEqual(refused)
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const long = await newKeys({ ...rsa, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) })
  await expect(readCertificateRequest(await requestOf(long, ['a'], rsa))).rejects.toEqual(refused)
})

test('what is no request is refused, whatever it is', async () => {
  for (const text of [
    '',
    'nonsense',
    AUTHORITY,
    good.slice(0, 200),
    good.replace('CERTIFICATE REQUEST', 'PRIVATE KEY'),
  ])
    await expect(readCertificateRequest(text)).rejects.toEqual(refused)
  const nested = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.alloc(5000, '3080', 'hex').toString('base64')}\n-----END CERTIFICATE REQUEST-----`
  await expect(readCertificateRequest(nested)).rejects.toEqual(refused)
  await assert(
    asyncProperty(string(), async text => {
      await expect(readCertificateRequest(text)).rejects.toEqual(refused)
    }),
  )
})

test('of a request in which a byte was changed nothing else is believed than before', async () => {
  const said = await readCertificateRequest(good)
  const [head = '', ...rest] = good.trim().split('\n')
  const bytes = Buffer.from(rest.slice(0, -1).join(''), 'base64')
  await assert(
    asyncProperty(nat(bytes.length - 1), integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ change
      const pem = `${head}\n${changed.toString('base64')}\n${rest.at(-1)}`
      // Bits that mean nothing may differ.
      const outcome = await readCertificateRequest(pem).catch((error: unknown) => (error as { code: string }).code)
      expect(['API_JOIN_REQUEST', said]).toContainEqual(outcome)
    }),
  )
})
