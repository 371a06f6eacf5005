// A server's key and certificate in one file, beside the authority that signed it.
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { writeAtomically } from '../broker/atomic-write.ts'
import { type Tls } from '../broker/settings.ts'
import { authorityIn, issue, keyPem, newKeys, readText, type Role } from './authority.ts'

const SERVER_DAYS = 397
/** A certificate with less than this left is made anew at a start. */
const RENEW_DAYS = 30
const DAY_MS = 86_400_000

/** As X.509 names it (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const isGood = (text: string | undefined, ca: string, hosts: readonly string[], role: Role): boolean => {
  const pem = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/)?.[0]
  if (pem === undefined) return false
  const certificate = new X509Certificate(pem)
  const covers = hosts.every(host => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)))
  const lasts = Date.parse(certificate.validTo) - Date.now() > RENEW_DAYS * DAY_MS
  const isOfRole = certificate.keyUsage.includes(CLIENT_AUTH) === (role === 'peer')
  return isOfRole && covers && lasts && certificate.verify(new X509Certificate(ca).publicKey)
}

/** See serverTls. */
export const signServer = async (dir: string, name: string, hosts: readonly string[], role: Role): Promise<Tls> => {
  const authority = await authorityIn(dir)
  const { ca } = authority
  await writeAtomically(join(dir, 'ca.pem'), ca)
  const keystore = join(dir, `${name}.pem`)
  if (isGood(await readText(keystore), ca, hosts, role)) return { ca, keystore }
  const { publicKey, privateKey } = await newKeys()
  const certificate = await issue(authority, { name, publicKey, hosts, days: SERVER_DAYS, role })
  await writeAtomically(keystore, `${await keyPem(privateKey)}\n${certificate}${ca}`)
  return { ca, keystore }
}
