// The schema registry as a service. In: requests over HTTP (http/), as Confluent's clients send them. Out: schemas by id, and records of the
// compacted topic `_schemas` (state/), which hold all there is; what a request may change is decided by pure functions (rules/).
import { type FastifyBaseLogger } from 'fastify'
import { type Registry as Metrics } from 'prom-client'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { openTlsListener, type TlsListener, type TlsListenerOptions } from '../certificates/tls-listener.ts'
import { registryApp } from './http/app.ts'
import { openRegistryLog } from './state/registry-log.ts'
import { registryMetrics } from './http/metrics.ts'
import { SCHEMAS_TOPIC } from './state/schemas-topic-records.ts'

export interface RegistryOptions {
  /** Needs READ and WRITE on the topic, WRITE and DESCRIBE on the transactional id. */
  readonly access: BrokerAccess
  /** 0 takes any free one. */
  readonly port: number
  /** Loopback where absent. */
  readonly host?: string
  /** Where other machines reach it too, over TLS. */
  readonly outside?: TlsListenerOptions | undefined
  readonly log?: FastifyBaseLogger
  readonly metrics?: Metrics
  readonly clientId?: string
  /** SHA-256 in hex of the token that writes need; where absent, whoever reaches the registry may write. */
  readonly writeTokenSha256?: string | undefined
  /** A compacted topic of one partition; `_schemas` where absent. */
  readonly topic?: string
  /** One registry with it writes at a time, the one that was opened last; `skysieve.registry` where absent. */
  readonly transactionalId?: string
}

/** One thing the registry needs; `reason` says what is missing. */
export interface RegistryCheck {
  readonly name: string
  readonly ok: boolean
  readonly reason?: string
}

export interface Registry {
  /** Where it listens. */
  readonly url: string
  /** Resolves when everything is replayed and an earlier registry cannot write any more. */
  readonly ready: Promise<void>
  checks: () => readonly RegistryCheck[]
  close: () => Promise<void>
}

export const REGISTRY_TRANSACTIONAL_ID = 'skysieve.registry'

/**
 * Opens the registry: listens at once, and serves as soon as the broker does. Until then, and while the broker is away, requests that
 * need it are refused with the reason. Throws Node's EADDRINUSE, or HubError HUB_TLS_LISTENER.
 */
export const openRegistry = async (options: RegistryOptions): Promise<Registry> => {
  const { access, port, host = '127.0.0.1', log, metrics, clientId = 'skysieve-registry' } = options
  const registryLog = openRegistryLog({
    access,
    clientId,
    topic: options.topic ?? SCHEMAS_TOPIC,
    transactionalId: options.transactionalId ?? REGISTRY_TRANSACTIONAL_ID,
    onProblem: problem => log?.warn({ code: problem.code }, problem.message),
  })
  const app = await registryApp(
    registryLog,
    log === undefined ? {} : { loggerInstance: log },
    metrics === undefined ? undefined : registryMetrics(metrics, registryLog),
    options.writeTokenSha256,
  )
  let door: TlsListener | undefined
  try {
    const url = await app.listen({ port, host })
    if (options.outside !== undefined)
      door = await openTlsListener((...given) => app.routing(...given), options.outside)
    return {
      url,
      ready: registryLog.ready,
      checks: () =>
        Object.entries(registryLog.health()).map(([name, reason]: [string, string | undefined]) =>
          reason === undefined ? { name, ok: true } : { name, ok: false, reason },
        ),
      close: async () => {
        await door?.close()
        await app.close()
        await registryLog.close()
      },
    }
  } catch (error) {
    await app.close()
    await registryLog.close()
    throw error
  }
}
