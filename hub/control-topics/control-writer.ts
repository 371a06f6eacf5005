// The one writer of control topics. Opening it ends every earlier writer with its id; several records are written all or none.
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { openProducer } from '../kafka/produce/producer.ts'
import { openQueue } from '../kafka/serial-queue.ts'
import { sendInTransaction } from '../kafka/produce/send-in-transaction.ts'

export interface ControlRecord {
  readonly topic: string
  readonly key: string
  /** Anything JSON can say; null deletes the key. */
  readonly value: unknown
}

export interface ControlWriter {
  /**
   * Writes the records in one transaction. Throws HubError HUB_FENCED when another writer has taken over: close this one and its
   * logs' writes with it. HUB_COMMIT_UNKNOWN: read the logs up to now before deciding anything. Other errors: nothing was written.
   */
  write: (records: readonly ControlRecord[]) => Promise<void>
  close: () => Promise<void>
}

export interface ControlWriterOptions {
  readonly access: BrokerAccess
  readonly transactionalId: string
  readonly clientId: string
}

const encode = ({ topic, key, value }: ControlRecord): { topic: string; key: string; value: string | null } => {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`The value of "${key}" for ${topic} cannot be written as JSON`)
  return { topic, key, value: value === null ? null : text }
}

/**
 * Opens the writer: when this returns, no earlier writer with the transactional id can write any more. Catch the logs up (`catchUp`)
 * before the first decision.
 */
export const openControlWriter = async (options: ControlWriterOptions): Promise<ControlWriter> => {
  const producer = await openProducer(options.access, options)
  const queue = openQueue()

  return {
    write: records => queue(() => sendInTransaction(producer, records.map(encode))),
    close: () => producer.close(),
  }
}
