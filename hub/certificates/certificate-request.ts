// A server on another machine: it keeps its key and asks for a certificate (PKCS #10), which the authority signs where it is.
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { SERVER_DAYS } from './certificate-life.ts'
import { HubError } from '../errors.ts'
import { authorityIn, issue, keyPem, KEYS, namesExtension, newKeys, type Role, SIGNING } from './authority.ts'

/** See newServerKey. */
export const makeKey = async (): Promise<string> => `${await keyPem((await newKeys()).privateKey)}\n`

/** See requestCertificate. */
export const makeRequest = async (key: string, name: string, hosts: readonly string[]): Promise<string> => {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const pkcs8 = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  const keys = {
    publicKey: await crypto.subtle.importKey('spki', spki, KEYS, true, ['verify']),
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, KEYS, true, ['sign']),
  }
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: SIGNING,
    extensions: [namesExtension(hosts)],
  })
  return `${request.toString('pem')}\n`
}

/** See signRequest. */
export const sign = async (
  dir: string,
  csr: string,
  name: string,
  hosts: readonly string[],
  role: Role,
): Promise<string> => {
  const request = await readRequest(csr)
  return issue(await authorityIn(dir), { name, publicKey: request.publicKey, hosts, days: SERVER_DAYS, role })
}

/** Only who has the key signs with it. */
const readRequest = async (csr: string): Promise<Pkcs10CertificateRequest> => {
  const request = parse(csr)
  if (request !== undefined && (await request.verify().catch(() => false))) return request
  throw new HubError('HUB_CERTIFICATE_REQUEST', 'The certificate request is no PKCS #10 that its own key has signed')
}

const parse = (csr: string): Pkcs10CertificateRequest | undefined => {
  try {
    return new Pkcs10CertificateRequest(csr)
  } catch {
    return undefined
  }
}
