// When a request came, before anything was done for it: what a node's clock is compared with.
import { type FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds since 1970; of a request that another instance passed on, when it came there. */
    receivedMs: number
  }
}

/** Of a request that is passed on. Whoever sends it himself gains nothing: it says no more than the clock he tells. */
export const RECEIVED_HEADER = 'x-skysieve-received'

export function addReceived(app: FastifyInstance, nowMs: () => number): void {
  app.decorateRequest('receivedMs', 0)
  app.addHook('onRequest', async request => {
    const passedOn = request.headers[RECEIVED_HEADER]
    const ms = typeof passedOn === 'string' ? Number(passedOn) : Number.NaN
    request.receivedMs = Number.isSafeInteger(ms) ? ms : nowMs()
  })
}
