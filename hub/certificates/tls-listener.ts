// A second door to an HTTP application: for other machines, over TLS, beside the one on loopback.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { HubError } from '../errors.ts'

const LOOK_MS = 60_000
const HANDSHAKE_LIMIT_MS = 10_000
/** As fastify's own. */
const KEEP_ALIVE_MS = 72_000
/** Of a stop, for requests under way. */
const CLOSE_LIMIT_MS = 2000

export interface TlsListenerOptions {
  readonly host: string
  readonly port: number
  /** Key and certificates as PEM, as of `Tls`. */
  readonly keystore: string
  /** How often it looks whether the file has changed; a minute when absent. */
  readonly lookMs?: number
}

export interface TlsListener {
  /** Ends idle connections at once, and others when they are done or after two seconds. */
  readonly close: () => Promise<void>
}

/** Listens. Throws HubError HUB_TLS_LISTENER where that address cannot be listened at, or the certificates cannot be used. */
export const openTlsListener = async (
  handler: RequestListener,
  { host, port, keystore, lookMs = LOOK_MS }: TlsListenerOptions,
): Promise<TlsListener> => {
  let pem = ''
  const listening = async () => {
    pem = await readFile(keystore, 'utf8')
    const options = { key: pem, cert: pem, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_LIMIT_MS } as const
    const server = createServer(options, handler)
    server.keepAliveTimeout = KEEP_ALIVE_MS
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject).listen({ host, port, exclusive: true }, resolve)
    await promise
    return server
  }
  const server = await listening().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new HubError('HUB_TLS_LISTENER', `Nothing listens at ${host}:${port} for other machines: ${why}`, {
      cause: error,
    })
  })
  /** New connections get the certificate that is in the file; one that cannot be used, or is half written, leaves the old one in place. */
  const takeNew = async (): Promise<void> => {
    const next = await readFile(keystore, 'utf8').catch(() => pem)
    if (next === pem) return
    server.setSecureContext({ key: next, cert: next, minVersion: 'TLSv1.2' })
    pem = next
  }
  const closing = new AbortController()
  const following = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sleep(lookMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      await takeNew().catch(() => undefined)
    }
  }
  void following()
  return {
    close: async () => {
      closing.abort()
      const closed = new Promise(resolve => server.close(resolve))
      const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
      server.closeIdleConnections()
      await closed
      clearTimeout(limit)
    },
  }
}
