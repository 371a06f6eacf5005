// A node's certificate, ordered from the hub's process, which alone has the authority's key.
import { readFile } from 'node:fs/promises'
import { Value } from 'typebox/value'
import { DeployError } from '../../errors.ts'
import { CERTIFICATES_PATH, CertificateAnswer } from '../hub/certificate-route.ts'

const LIMIT_MS = 10_000
const OWN_NAMES = ['127.0.0.1', 'localhost']

export interface CertificateOffice {
  /** Of the hub's process, on this machine. */
  readonly port: number
  readonly secretFile: string
}

/** For the host of a node's address, and the names of its own loopback. Throws DeployError DEPLOY_NOT_READY where the hub's process does not sign. */
export const orderCertificate =
  ({ port, secretFile }: CertificateOffice) =>
  async (csr: string, name: string, address: { readonly host: string }, role: 'server' | 'peer'): Promise<string> => {
    const secret = (await readFile(secretFile, 'utf8')).trim()
    const hosts = [...new Set([address.host, ...OWN_NAMES])]
    const response = await fetch(`http://127.0.0.1:${port}${CERTIFICATES_PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify({ csr, name, hosts, role }),
      signal: AbortSignal.timeout(LIMIT_MS),
    })
    const body: unknown = await response.json()
    if (response.ok && Value.Check(CertificateAnswer, body)) return body.certificate
    throw new DeployError(
      'DEPLOY_NOT_READY',
      `The hub's process does not sign a certificate for ${name}: it answered ${response.status}.`,
    )
  }
