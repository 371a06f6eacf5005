// The three routes every process of ours answers on its ops port: /livez, /readyz with reasons, /metrics. Loopback only.
import { createHash, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { type Registry } from 'prom-client'
import { anonymousMetrics } from './anonymous-metrics.ts'

/** One thing a process needs to do its work; `reason` says what is missing. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly reason?: string
}

export interface OpsServer {
  close(): Promise<void>
}

export interface OpsOptions {
  readonly port: number
  readonly metrics: Registry
  readonly checks: () => readonly Check[] | Promise<readonly Check[]>
  /** SHA-256 in hex of the bearer token that shows what is counted by filter; without one nobody sees it. */
  readonly metricsTokenSha256?: string | undefined
  /** Further routes of a process, for others of this machine. */
  readonly more?: ((app: FastifyInstance) => void) | undefined
}

const HOST = '127.0.0.1'
const NOT_READY = 503

/** Whether a header brings the bearer token of this hash. */
export const carries = (authorization: string | undefined, sha256: string): boolean => {
  const [, token] = /^Bearer +(\S{1,200})$/i.exec(authorization ?? '') ?? []
  const [wanted, given] = [
    Buffer.from(sha256, 'hex'),
    createHash('sha256')
      .update(token ?? '')
      .digest(),
  ]
  return token !== undefined && wanted.length === given.length && timingSafeEqual(wanted, given)
}

/** Listens. Throws where the port is taken. */
export const openOpsServer = async ({
  port,
  metrics,
  checks,
  metricsTokenSha256,
  more,
}: OpsOptions): Promise<OpsServer> => {
  const app = fastify({ forceCloseConnections: true })
  app.get('/livez', () => ({ live: true }))
  app.get('/readyz', async (_, reply) => {
    const found = await checks()
    const ready = found.every(({ ok }) => ok)
    return reply.code(ready ? 200 : NOT_READY).send({ ready, checks: found })
  })
  app.get('/metrics', async ({ headers }, reply) => {
    const text = await metrics.metrics()
    const isTrusted = metricsTokenSha256 !== undefined && carries(headers.authorization, metricsTokenSha256)
    return reply.type(metrics.contentType).send(isTrusted ? text : anonymousMetrics(text))
  })
  more?.(app)
  await app.listen({ port, host: HOST })
  return { close: () => app.close() }
}
