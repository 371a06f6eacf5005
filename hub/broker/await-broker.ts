// A broker is ready when real calls succeed: a login, a group's coordinator, a transaction's coordinator. The first two such
// calls on new storage also create Kafka's internal topics.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../errors.ts'
import { openKafka } from '../kafka/consume/kafkajs-client.ts'
import { releaseOldPorts } from './internal-port.ts'
import { addressOf, adminAccess, brokerFiles, type BrokerSettings } from './settings.ts'

const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 500
/** Four seconds are typical; a machine that is busy with everything else at once has taken more than sixty. */
const READY_LIMIT_MS = 120_000
/** Left in the transaction log by each start; Kafka forgets it after a week. */
const PROBE_ID = 'skysieve.ready'
/** kafkajs refuses an idempotent producer without retries. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 200, retries: 3 }

const isRefusal = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'KafkaJSSASLAuthenticationError' || isRefusal(error.cause))

const probe = async (settings: BrokerSettings): Promise<void> => {
  const bootstrap = `${addressOf(settings)}:${settings.ports.client}`
  const access = { ...adminAccess(settings), bootstrap, timeouts: { requestMs: 5000 } }
  const kafka = openKafka(access, PROBE_ID, { retry: RETRY })
  const admin = kafka.admin({ retry: RETRY })
  const producer = kafka.producer({
    transactionalId: PROBE_ID,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: RETRY,
  })
  try {
    await admin.connect()
    await admin.fetchOffsets({ groupId: PROBE_ID })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.abort()
  } finally {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()])
  }
}

export interface AwaitOptions {
  /** Ends the waiting; its reason is thrown. */
  readonly signal?: AbortSignal
  readonly limitMs?: number
  /** Told why it does not serve yet, with each try. */
  readonly onFailure?: (reason: string) => void
}

/** Waits until the broker serves. Throws HubError HUB_BROKER_SECRETS or HUB_BROKER_NOT_READY, or the signal's reason. */
export const awaitBroker = async (settings: BrokerSettings, options: AwaitOptions = {}): Promise<void> => {
  const { signal, limitMs = READY_LIMIT_MS, onFailure } = options
  const deadline = performance.now() + limitMs
  for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    signal?.throwIfAborted()
    const failure = await probe(settings).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    if (failure === undefined) return releaseOldPorts(brokerFiles(settings.dir).internalPort)
    const { error } = failure
    signal?.throwIfAborted()
    if (isRefusal(error))
      throw new HubError(
        'HUB_BROKER_SECRETS',
        `Broker ${settings.name} refuses its administrator: the secrets are not those ${settings.dir} was made with. Restore secrets.json, or remove that folder to begin anew`,
        { cause: error },
      )
    const reason = error instanceof Error ? error.message : String(error)
    onFailure?.(reason)
    if (performance.now() > deadline)
      throw new HubError(
        'HUB_BROKER_NOT_READY',
        `Broker ${settings.name} on port ${settings.ports.client} is not ready after ${limitMs / 1000} s: ${reason}`,
        { cause: error },
      )
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal })
  }
}
