// The writer of skysieve.audit: appends, never changes. Every instance writes down what it was asked to do.
// In: records that http/hooks/audit.ts makes of requests. Out: messages of the topic, which http/routes/audit.ts reads back.
import { type BrokerAccess, openProducer, type Producer } from '#hub'
import { AUDIT_TOPIC, type AuditRecord } from './audit-record.ts'

export interface AuditLog {
  /** Resolves when the hub has the record. Throws HubError. */
  write(record: AuditRecord): Promise<void>
  close(): Promise<void>
}

/** Connects with the first record. */
export function openAuditLog(hub: BrokerAccess): AuditLog {
  let producer: Promise<Producer> | undefined
  return {
    async write(record) {
      producer ??= openProducer(hub, { clientId: `${hub.user}-audit` })
      producer.catch(() => {
        producer = undefined
      })
      await (await producer).send([{ topic: AUDIT_TOPIC, value: JSON.stringify(record) }])
    },
    async close() {
      await (await producer?.catch(() => undefined))?.close()
    },
  }
}
