// Certificates for development: an authority of this system's own, made at its first start, and what it signs for each broker.
// In production the operator gives PEM files from an authority that clients know.
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { X509Certificate as NodeCertificate, type webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { type Tls } from './settings.ts'
import { writeAtomically } from './atomic-write.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { ...KEYS, hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const CA_DAYS = 3650
const SERVER_DAYS = 397
/** A certificate with less than this left is made anew at a start. */
const RENEW_DAYS = 30

interface Authority {
  readonly certificate: X509Certificate
  readonly key: webcrypto.CryptoKey
}

const read = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])

const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')

const validity = (days: number) => ({
  // Clocks differ.
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
})

const newAuthority = async (): Promise<Authority> => {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Skysieve development authority',
    ...validity(CA_DAYS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate, key: keys.privateKey }
}

/** The authority of a folder: key and certificate are in one file, so that a kill leaves both or neither. */
const authorityIn = async (dir: string): Promise<Authority> => {
  const file = join(dir, 'authority.pem')
  const text = await read(file)
  if (text === undefined) {
    const made = await newAuthority()
    await writeAtomically(file, `${await keyPem(made.key)}\n${made.certificate.toString('pem')}\n`)
    return made
  }
  const [key, certificate] = PemConverter.decode(text)
  if (key === undefined || certificate === undefined) throw new RangeError(`${file} holds no key and certificate`)
  return {
    certificate: new X509Certificate(certificate),
    key: await crypto.subtle.importKey('pkcs8', key, KEYS, true, ['sign']),
  }
}

const isGood = (text: string | undefined, ca: string, hosts: readonly string[]): boolean => {
  const pem = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/)?.[0]
  if (pem === undefined) return false
  const certificate = new NodeCertificate(pem)
  const covers = hosts.every(host => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)))
  const lasts = Date.parse(certificate.validTo) - Date.now() > RENEW_DAYS * DAY_MS
  return covers && lasts && certificate.verify(new NodeCertificate(ca).publicKey)
}

/** See developmentTls. */
export const signServer = async (dir: string, name: string, hosts: readonly string[]): Promise<Tls> => {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const authority = await authorityIn(dir)
  const ca = `${authority.certificate.toString('pem')}\n`
  await writeAtomically(join(dir, 'ca.pem'), ca)
  const keystore = join(dir, `${name}.pem`)
  if (isGood(await read(keystore), ca, hosts)) return { ca, keystore }
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.certificate.subject,
    ...validity(SERVER_DAYS),
    signingKey: authority.key,
    publicKey: keys.publicKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map(host => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host })),
      ),
    ],
  })
  await writeAtomically(keystore, `${await keyPem(keys.privateKey)}\n${certificate.toString('pem')}\n${ca}`)
  return { ca, keystore }
}
