// Which shards this process runs: partitions of a topic that is never written to, handed out by the group protocol to the workers of a mirror.
import { type BrokerAccess, openKafka } from '#hub'
import { SHARDS_TOPIC } from '../publish/topics.ts'

/** A worker that dies is noticed after this long. Brokers accept no less by default. */
const SESSION_MS = 6000
const HEARTBEAT_MS = 1000

export interface Assignment {
  /** Leaves the group, so that another worker takes over at once. */
  close(): Promise<void>
}

export interface AssignmentOptions {
  readonly access: BrokerAccess
  /** Called with all shards of this process whenever that may have changed. */
  readonly onAssigned: (shards: readonly number[]) => void
  /** The group cannot be joined, e.g. for lack of rights. */
  readonly onFailure: (error: Error) => void
}

/** Joins the group of the mirror's workers. */
export async function joinWorkers({ access, onAssigned, onFailure }: AssignmentOptions): Promise<Assignment> {
  const kafka = openKafka(access, `${access.user}.shards`)
  const consumer = kafka.consumer({
    groupId: `${access.user}.shards`,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: HEARTBEAT_MS,
    retry: { retries: 1_000_000, maxRetryTime: 1000, initialRetryTime: 100 },
  })
  consumer.on('consumer.group_join', ({ payload }) => onAssigned(payload.memberAssignment[SHARDS_TOPIC] ?? []))
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) onFailure(payload.error)
  })
  await consumer.connect()
  await consumer.subscribe({ topic: SHARDS_TOPIC, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
  return { close: () => consumer.disconnect() }
}
