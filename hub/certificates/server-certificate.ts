// A server's key and certificate in one file, beside the authority that signed it.
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { writeAtomically } from '../broker/atomic-write.ts'
import { type Tls } from '../broker/settings.ts'
import { certificateIn, lifeOf, SERVER_DAYS } from './certificate-life.ts'
import { authorityIn, issue, keyPem, newKeys, readText, type Role } from './authority.ts'

/** As X.509 names it (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const isGood = (text: string, ca: string, hosts: readonly string[], role: Role, nowMs: number): boolean => {
  const certificate = certificateIn(text)
  if (certificate === undefined) return false
  const covers = hosts.every(host => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)))
  const lasts = !lifeOf(certificate, nowMs).isDue
  const isOfRole = certificate.keyUsage.includes(CLIENT_AUTH) === (role === 'peer')
  return isOfRole && covers && lasts && certificate.verify(new X509Certificate(ca).publicKey)
}

/** See serverTls. */
export const signServer = async (
  dir: string,
  name: string,
  hosts: readonly string[],
  role: Role,
  nowMs: number,
): Promise<Tls> => {
  const authority = await authorityIn(dir)
  const { ca } = authority
  await writeAtomically(join(dir, 'ca.pem'), ca)
  const keystore = join(dir, `${name}.pem`)
  if (isGood((await readText(keystore)) ?? '', ca, hosts, role, nowMs)) return { ca, keystore }
  const { publicKey, privateKey } = await newKeys()
  const certificate = await issue(authority, { name, publicKey, hosts, days: SERVER_DAYS, role })
  await writeAtomically(keystore, `${await keyPem(privateKey)}\n${certificate}${ca}`)
  return { ca, keystore }
}
