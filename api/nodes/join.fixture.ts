// Keys, certificate requests and an authority, as a node and a system have them: for tests of joining.
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { type webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { type JoinRequest } from './join-messages.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { ...KEYS, hash: 'SHA-256' } as const

export const newKeys = (
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = KEYS,
): Promise<webcrypto.CryptoKeyPair> => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const authority = await X509CertificateGenerator.createSelfSigned({
  name: 'CN=test authority',
  keys: await newKeys(),
  signingAlgorithm: SIGNING,
})
/** A certificate, PEM. */
export const AUTHORITY = authority.toString('pem')

/** A request of these keys for these names and addresses, PEM. */
export const requestOf = async (
  keys: webcrypto.CryptoKeyPair,
  hosts: readonly string[],
  signingAlgorithm: { readonly name: string; readonly hash: string } = SIGNING,
): Promise<string> => {
  const names = hosts.map(host => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }))
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=node',
    keys,
    signingAlgorithm,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  })
  return request.toString('pem')
}

export const NOW_MS = Date.parse('2026-11-21T00:00:00.000Z')

/** A request that nothing is wrong with, of a system of version 0.1 with Kafka 4.3; its token and its CSR are the test's. */
export const joinRequest = (
  over: Partial<JoinRequest> = {},
  facts: Partial<JoinRequest['facts']> = {},
): JoinRequest => ({
  token: '',
  csr: '',
  address: { host: 'node.example.org', port: 21_010 },
  shards: 2,
  facts: {
    hostname: 'node',
    version: '0.1.0',
    kafkaVersion: '4.3.1',
    cores: 8,
    memoryBytes: 16e9,
    diskBytes: 500e9,
    diskFreeBytes: 400e9,
    clockMs: NOW_MS,
    languages: ['javascript', 'typescript'],
    ...facts,
  },
  ...over,
})
