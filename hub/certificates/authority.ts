// The authority of a system's own: its key and certificate in a folder, made when it is first asked for, and what it signs.
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { randomBytes, type webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  type PublicKeyType,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { writeAtomically } from '../broker/atomic-write.ts'

export const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const
export const SIGNING = { ...KEYS, hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const CA_DAYS = 3650

export interface Authority {
  readonly certificate: X509Certificate
  readonly key: webcrypto.CryptoKey
  /** Its certificate as PEM. */
  readonly ca: string
}

/** Undefined where there is no such file. */
export const readText = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

export const newKeys = (): Promise<webcrypto.CryptoKeyPair> => crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])

export const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')

const validity = (days: number) => ({
  // Clocks differ.
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
})

/** Names and addresses as a certificate or a request carries them. */
export const namesExtension = (hosts: readonly string[]): SubjectAlternativeNameExtension =>
  new SubjectAlternativeNameExtension(
    hosts.map(host => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host })),
  )

const withText = (certificate: X509Certificate, key: webcrypto.CryptoKey): Authority => ({
  certificate,
  key,
  ca: `${certificate.toString('pem')}\n`,
})

const newAuthority = async (): Promise<Authority> => {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A program that trusts several systems tells their authorities apart by name and key.
    name: `CN=Skysieve authority ${randomBytes(4).toString('hex')}`,
    ...validity(CA_DAYS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return withText(certificate, keys.privateKey)
}

/** The authority of a folder (mode 0700): key and certificate are in one file, so that a kill leaves both or neither. */
export const authorityIn = async (dir: string): Promise<Authority> => {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const file = join(dir, 'authority.pem')
  const text = await readText(file)
  if (text === undefined) {
    const made = await newAuthority()
    await writeAtomically(file, `${await keyPem(made.key)}\n${made.ca}`)
    return made
  }
  const [key, certificate] = PemConverter.decode(text)
  if (key === undefined || certificate === undefined) throw new RangeError(`${file} holds no key and certificate`)
  return withText(new X509Certificate(certificate), await crypto.subtle.importKey('pkcs8', key, KEYS, true, ['sign']))
}

/** Whom a certificate speaks for: a server, or one of several servers that are clients of each other too. */
export type Role = 'server' | 'peer'

/** A server's certificate for exactly these names and addresses, as PEM. */
export const issue = async (
  { certificate, key }: Authority,
  wanted: { name: string; publicKey: PublicKeyType; hosts: readonly string[]; days: number; role?: Role },
): Promise<string> => {
  const { name, publicKey, hosts, days, role = 'server' } = wanted
  const issued = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: certificate.subject,
    ...validity(days),
    signingKey: key,
    publicKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        ExtendedKeyUsage.serverAuth,
        ...(role === 'peer' ? [ExtendedKeyUsage.clientAuth] : []),
      ]),
      namesExtension(hosts),
      await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    ],
  })
  return `${issued.toString('pem')}\n`
}
