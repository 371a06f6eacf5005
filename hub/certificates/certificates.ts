// Certificates as whoever starts brokers and nodes sees them. Making them loads much code, so it is loaded when they are asked for.
import { type Tls } from '../broker/settings.ts'

/**
 * The certificates of one server in `dir` (mode 0700), by an authority of the folder's own: made where missing, of other hosts or
 * with less than a third of its year left. Safe to repeat. `hosts` are the names and addresses that clients connect to. A peer's names it to servers of its kind too.
 */
export const serverTls = async (
  dir: string,
  name: string,
  hosts: readonly string[],
  role: 'server' | 'peer' = 'server',
  nowMs = Date.now(),
): Promise<Tls> => (await import('./server-certificate.ts')).signServer(dir, name, hosts, role, nowMs)

/** A new private key (P-256, PKCS #8 as PEM). */
export const newServerKey = async (): Promise<string> => (await import('./certificate-request.ts')).makeKey()

/** A request (PKCS #10 as PEM) for a certificate of these names and addresses, signed by the key. */
export const requestCertificate = async (key: string, name: string, hosts: readonly string[]): Promise<string> =>
  (await import('./certificate-request.ts')).makeRequest(key, name, hosts)

/**
 * A certificate (PEM) for the key of a request, by the authority in `dir`, for exactly these names and addresses: what the request says of them
 * counts for nothing. A peer's names it to servers of its kind too. Throws HubError HUB_CERTIFICATE_REQUEST.
 */
export const signRequest = async (
  dir: string,
  csr: string,
  name: string,
  hosts: readonly string[],
  role: 'server' | 'peer' = 'server',
): Promise<string> => (await import('./certificate-request.ts')).sign(dir, csr, name, hosts, role)
