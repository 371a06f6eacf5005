// Which authority a join token speaks of, and what a hub that claims to be meant shows.
import { X509Certificate } from 'node:crypto'
import { DeployError } from '../../errors.ts'

/** At the end of a token: the first 16 bytes of the SHA-256 of the authority's certificate (DER), in hex. */
const TOKEN = /^skyjoin_[A-Za-z0-9_-]{8,150}_([0-9a-f]{32})$/
const PLAIN = '0'.repeat(32)
/** One certificate and nothing else: whatever follows would be believed too. */
const PEM = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,8000}-----END CERTIFICATE-----$/

/** Its hash; undefined where the system that gave the token speaks plain text. Throws DeployError DEPLOY_JOIN for what is no token. */
export const authorityOf = (token: string): string | undefined => {
  const [, hash] = TOKEN.exec(token) ?? []
  if (hash === undefined)
    throw new DeployError(
      'DEPLOY_JOIN',
      'This is no join token: one begins with skyjoin_. Get one with `npx skysieve node add NAME` where the hub is administered.',
    )
  return hash === PLAIN ? undefined : hash
}

/** Of a certificate (PEM) as a token has it; undefined for what is not one certificate. */
export const hashOfCertificate = (text: string): string | undefined => {
  const pem = text.trim()
  if (!PEM.test(pem)) return undefined
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase().slice(0, PLAIN.length)
  } catch {
    return undefined
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** The address of the hub's API, as it was typed. Throws DeployError DEPLOY_JOIN: a token crosses no network in plain text. */
export const checkedUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const refuse = (why: string): never => {
    throw new DeployError('DEPLOY_JOIN', `--join ${text}: ${why}`)
  }
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return refuse('give the address of the hub’s API, as https://hub.example.org:21105.')
  if (url.username !== '' || url.password !== '')
    return refuse('leave user and password out; the token goes into a file.')
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    return refuse('plain http:// is for a hub on this machine. Start the hub with --listen and join by https://.')
  return url.origin
}
