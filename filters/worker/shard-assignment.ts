// Which shards this process runs: partitions of a topic that is never written to, handed out by the consumer group of the mirror's workers. A dead worker's shards are
// given to the others when its session is over (6 s); one that is started again in the same directory takes its predecessor out of the group at once.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { type BrokerAccess, type ClusterAdmin, openKafka } from '#hub'
import { SHARDS_TOPIC } from '../publish/topics.ts'

/** A worker that dies is noticed after this long. Brokers accept no less by default. */
const SESSION_MS = 6000
const HEARTBEAT_MS = 1000

export interface Assignment {
  /** Resolves when the group has said that this worker is a member, from now on: what it was assigned is known by then. */
  confirmed(signal: AbortSignal): Promise<void>
  /** Leaves the group, so that another worker takes over at once. */
  close(): Promise<void>
}

export interface AssignmentOptions {
  readonly access: BrokerAccess
  readonly admin: ClusterAdmin
  /**
   * Where this worker notes who it is in the group. When it dies and is started again with the same file, it takes its predecessor out of the group at once:
   * else its shards would wait until that one's session is over.
   */
  readonly memberFile: string | undefined
  /** Called with all shards of this process whenever that may have changed. */
  readonly onAssigned: (shards: readonly number[]) => void
  /** The group cannot be joined, e.g. for lack of rights. */
  readonly onFailure: (error: Error) => void
}

/** Joins the group of the mirror's workers. */
export async function joinWorkers({
  access,
  admin,
  memberFile,
  onAssigned,
  onFailure,
}: AssignmentOptions): Promise<Assignment> {
  const groupId = `${access.user}.shards`
  if (memberFile !== undefined) await removePredecessor(admin, groupId, memberFile)
  const kafka = openKafka(access, `${access.user}.shards`)
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: HEARTBEAT_MS,
    retry: { retries: 1_000_000, maxRetryTime: 1000, initialRetryTime: 100 },
  })
  let noted: Promise<void> = Promise.resolve()
  consumer.on('consumer.group_join', ({ payload }) => {
    if (memberFile !== undefined) noted = noted.then(() => note(memberFile, payload.memberId))
    onAssigned(payload.memberAssignment[SHARDS_TOPIC] ?? [])
  })
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) onFailure(payload.error)
  })
  await consumer.connect()
  await consumer.subscribe({ topic: SHARDS_TOPIC, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
  return {
    confirmed: signal =>
      new Promise((resolve, reject) => {
        const stops = [consumer.on('consumer.heartbeat', () => end(resolve))]
        const end = (answer: () => void): void => {
          for (const stop of stops) stop()
          signal.removeEventListener('abort', aborted)
          answer()
        }
        const aborted = (): void => end(() => reject(signal.reason))
        signal.addEventListener('abort', aborted, { once: true })
        if (signal.aborted) aborted()
      }),
    close: () => consumer.disconnect(),
  }
}

/** A member that has left or whose session is over is not there any more; where the group cannot be asked, the predecessor's session ends by itself. */
async function removePredecessor(admin: ClusterAdmin, groupId: string, memberFile: string): Promise<void> {
  const memberId = await readFile(memberFile, 'utf8').catch(() => '')
  if (memberId !== '') await admin.removeMember(groupId, memberId).catch(() => undefined)
}

/** Without the note a takeover takes longer, nothing else. */
async function note(memberFile: string, memberId: string): Promise<void> {
  await writeFile(`${memberFile}.new`, memberId).catch(() => undefined)
  await rename(`${memberFile}.new`, memberFile).catch(() => undefined)
}
