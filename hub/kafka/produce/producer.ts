// In: messages (messages.ts). Out: records on a broker, each once: idempotent, or in transactions fenced by a transactional id. Over @platformatic/kafka,
// whose encoder takes a quarter of kafkajs' CPU for messages of alert size.
import { Producer as Client } from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../broker-access.ts'
import { ClientProducer } from '../library-patches/platformatic-producer.ts'
import { patchConnections } from '../library-patches/platformatic-connections.ts'
import { isBrokerUnlisted, isProtocolError, isWrongLogin, kafkaFailure } from '../client-errors.ts'
import { platformaticLogin } from '../login-settings.ts'
import { cutRequests, encodeHeaders, type Message } from './messages.ts'
import { openQueue } from '../serial-queue.ts'

type KafkaProducer = Client<Buffer, Buffer | null>
type KafkaTransaction = Awaited<ReturnType<KafkaProducer['beginTransaction']>>

/** A hung producer's open transaction holds every read_committed reader back until the broker ends it after this time. */
const TRANSACTION_LIMIT_MS = 10_000

export interface ProducerOptions {
  readonly clientId: string
  /** Only one producer with it writes at a time: opening another fences this one off. */
  readonly transactionalId?: string
  readonly transactionLimitMs?: number
  /** Told what a broker acknowledged outside transactions, before `send` resolves; of a send that fails it may have been some. */
  readonly onAcknowledged?: (written: Acknowledged) => void
}

/** Messages of one partition, in the order in which they were given, from this offset on. */
export interface Acknowledged {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

export interface Transaction {
  /** Writes as part of the transaction. After a failure only `abort` is possible. */
  send: (messages: readonly Message[]) => Promise<void>
  /** Throws HUB_FENCED, HUB_TRANSACTION_EXPIRED, or HUB_COMMIT_UNKNOWN where it may or may not have been committed. */
  commit: () => Promise<void>
  abort: () => Promise<void>
}

export interface Producer {
  /** Writes outside transactions, in order, each message once. Not for a producer with a transactional id. */
  send: (messages: readonly Message[]) => Promise<void>
  /** Begins a transaction; there is one at a time. */
  begin: () => Promise<Transaction>
  close: () => Promise<void>
}

/** Short waits for what passes in milliseconds (markers being written, a coordinator that loads), longer ones for a restart: 25 s in all. */
const QUICK_RETRIES = 100
const RETRIES = 350
/** A topic that was just made may be unknown for some milliseconds; one that stays so does not exist. */
const UNKNOWN_TOPIC_RETRIES = 60

/**
 * What no repetition heals ends the client, and with it the library's repetitions. Of a coordinator on a broker that was away for a while and is back, the library
 * asks who it is with each repetition, but not where it is: it would take the old list of brokers until that is minutes old.
 */
const retryDelay = (client: unknown, operation: string, attempt: number, _retries: number, error: Error): number => {
  const isUnknown = operation === 'metadata' && attempt > UNKNOWN_TOPIC_RETRIES
  const isHopeless = isWrongLogin(error) || (isUnknown && isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION'))
  if (isHopeless && client instanceof Client) queueMicrotask(() => client.close(true, () => undefined))
  if (isBrokerUnlisted(error) && client instanceof Client) client.clearMetadata()
  return attempt <= QUICK_RETRIES ? 5 : 100
}
const METADATA_MAX_AGE_MS = 300_000

const encode = ({ topic, partition, key, value, headers, timestampMs }: Message) => ({
  topic,
  ...(partition === undefined ? {} : { partition }),
  ...(key === undefined || key === null ? {} : { key: typeof key === 'string' ? Buffer.from(key) : key }),
  value: typeof value === 'string' ? Buffer.from(value) : value,
  ...(headers === undefined ? {} : { headers: encodeHeaders(headers) }),
  ...(timestampMs === undefined ? {} : { timestamp: BigInt(timestampMs) }),
})

const whatOf = (messages: readonly Message[]): string => {
  const topics = [...new Set(messages.map(({ topic }) => topic))]
  return `Writing ${messages.length} messages to ${topics.slice(0, 3).join(', ')}${topics.length > 3 ? ', …' : ''}`
}

/** Opens a producer. With a transactional id, its predecessor is fenced off and its open transaction aborted when this returns. */
export const openProducer = async (access: BrokerAccess, options: ProducerOptions): Promise<Producer> => {
  const { clientId, transactionalId, transactionLimitMs = TRANSACTION_LIMIT_MS, onAcknowledged } = options
  const open = (producerId = -1n, producerEpoch = -1): KafkaProducer =>
    new ClientProducer<Buffer, Buffer | null>({
      clientId,
      ...platformaticLogin(access),
      idempotent: true,
      retries: RETRIES,
      retryDelay,
      // Of a produce request, and of a transaction.
      timeout: transactionLimitMs,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      // Without these the library asks for producer 0, epoch 0: the second start with an id would be fenced.
      producerId,
      producerEpoch,
      ...(transactionalId === undefined ? {} : { transactionalId }),
    })
  patchConnections()
  let client = open()
  let fenced: HubError | undefined
  /** Of the transaction that the broker knows. */
  let beganMs: number | undefined
  let broken = false
  const queue = openQueue()

  const failure = (what: string, error: unknown, otherwise: 'HUB_SEND_FAILED' | 'HUB_COMMIT_UNKNOWN'): HubError => {
    const failed = kafkaFailure(`${what} (${clientId})`, error, otherwise)
    if (failed.code !== 'HUB_FENCED') return failed
    const openMs = beganMs === undefined ? 0 : performance.now() - beganMs
    fenced = openMs < transactionLimitMs ? failed : expired(what, openMs, failed)
    return fenced
  }
  /** The broker ends what is open for too long as it ends a predecessor's: nobody else need have begun. */
  const expired = (what: string, openMs: number, cause: HubError): HubError => {
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
    return new HubError(
      'HUB_TRANSACTION_EXPIRED',
      `${what} (${clientId}) failed: the transaction was open for ${seconds(openMs)}, and the broker ends one after ${seconds(transactionLimitMs)}; nothing of it was written. Open another producer; broker or disk may be too slow`,
      { cause },
    )
  }
  const demandUnfenced = (): void => {
    if (fenced !== undefined) throw fenced
  }

  /** After a failure the sequence numbers are unknown: a new epoch begins, unless somebody else has begun one. */
  const renew = async (): Promise<void> => {
    const { producerId, producerEpoch } = client
    await client.close(true).catch(() => undefined)
    client = open(producerId, producerEpoch)
    broken = false
  }

  const beginClient = async (): Promise<KafkaTransaction> => {
    try {
      return await client.beginTransaction()
    } catch (error) {
      broken = true
      throw failure(`Taking the transactional id ${transactionalId}`, error, 'HUB_SEND_FAILED')
    }
  }

  const takeOver = async (): Promise<void> => {
    if (client.closed) await renew()
    const transaction = await beginClient()
    await transaction.cancel()
  }

  const begin = async (): Promise<Transaction> => {
    if (transactionalId === undefined) throw new TypeError('This producer was opened without a transactional id')
    demandUnfenced()
    if (broken || client.closed) await renew()
    const transaction = await beginClient()
    beganMs = undefined
    let hasSent = false
    let isOver = false
    const end = async (
      what: string,
      action: () => Promise<void>,
      otherwise: 'HUB_SEND_FAILED' | 'HUB_COMMIT_UNKNOWN',
    ) => {
      if (isOver) throw new TypeError('The transaction has ended')
      isOver = true
      try {
        // A transaction without messages is unknown to the broker.
        await (hasSent ? action() : transaction.cancel())
        beganMs = undefined
      } catch (error) {
        broken = true
        throw failure(what, error, otherwise)
      }
    }
    return {
      send: messages =>
        queue(async () => {
          demandUnfenced()
          if (broken || isOver) throw new TypeError('The transaction has failed or ended; abort it and begin another')
          try {
            for (const request of cutRequests(messages)) {
              if (!hasSent) beganMs = performance.now()
              hasSent = true
              await transaction.send({ messages: request.map(encode), acks: -1 })
            }
          } catch (error) {
            broken = true
            throw failure(whatOf(messages), error, 'HUB_SEND_FAILED')
          }
        }),
      commit: () =>
        queue(() => {
          if (broken) throw new TypeError('A transaction that failed cannot be committed; abort it')
          return end('Committing', () => transaction.commit(), 'HUB_COMMIT_UNKNOWN')
        }),
      abort: () =>
        queue(() =>
          end(
            'Aborting',
            async () => {
              // A new epoch aborts what an ended client left open.
              if (client.closed) return takeOver()
              return transaction.abort().catch((error: unknown) => {
                // Nothing of it had reached the coordinator.
                if (!isProtocolError(error, 'INVALID_TXN_STATE')) throw error
              })
            },
            'HUB_SEND_FAILED',
          ),
        ),
    }
  }

  if (transactionalId !== undefined)
    try {
      await takeOver()
    } catch (error) {
      await client.close(true).catch(() => undefined)
      throw error
    }

  return {
    send: messages =>
      queue(async () => {
        if (transactionalId !== undefined) throw new TypeError('This producer writes in transactions only; use begin()')
        if (client.closed) await renew()
        try {
          for (const request of cutRequests(messages)) {
            const { offsets = [] } = await client.send({ messages: request.map(encode), acks: -1 })
            for (const written of offsets) onAcknowledged?.(written)
          }
        } catch (error) {
          throw failure(whatOf(messages), error, 'HUB_SEND_FAILED')
        }
      }),
    begin: () => queue(begin),
    close: () => queue(() => client.close(true)),
  }
}
