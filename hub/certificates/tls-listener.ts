// A second door to an HTTP application: for other machines, over TLS, beside the one on loopback.
import { readFile } from 'node:fs/promises'
import { type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { HubError } from '../errors.ts'

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
}

export interface TlsListener {
  /** Ends idle connections at once, and others when they are done or after two seconds. */
  readonly close: () => Promise<void>
}

/** Listens. Throws HubError HUB_TLS_LISTENER where that address cannot be listened at, or the certificates cannot be used. */
export const openTlsListener = async (
  handler: RequestListener,
  { host, port, keystore }: TlsListenerOptions,
): Promise<TlsListener> => {
  const listening = async () => {
    const pem = await readFile(keystore, 'utf8')
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
  return {
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
      server.closeIdleConnections()
      await closed
      clearTimeout(limit)
    },
  }
}
