// The three routes every process of ours answers on its ops port: /livez, /readyz with reasons, /metrics. Loopback only.
import fastify from 'fastify'
import { type Registry } from 'prom-client'

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
}

const HOST = '127.0.0.1'
const NOT_READY = 503

/** Listens. Throws where the port is taken. */
export const openOpsServer = async ({ port, metrics, checks }: OpsOptions): Promise<OpsServer> => {
  const app = fastify({ forceCloseConnections: true })
  app.get('/livez', () => ({ live: true }))
  app.get('/readyz', async (_, reply) => {
    const found = await checks()
    const ready = found.every(({ ok }) => ok)
    return reply.code(ready ? 200 : NOT_READY).send({ ready, checks: found })
  })
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
  await app.listen({ port, host: HOST })
  return { close: () => app.close() }
}
