// Leader election: the API instance that holds the one partition of skysieve.leader in a consumer group may write.
// What it then holds is in leadership.ts.
import { type Kafka } from 'kafkajs'
import { leaderAmong, leaderAssigner } from './leader-assigner.ts'

export const LEADER_TOPIC = 'skysieve.leader'

/** A dead leader is replaced after this long; the broker allows no less than 6 s. */
const SESSION_MS = 6000
const HEARTBEAT_MS = 1500
const REJOIN_MS = 1000

export interface Election {
  /** The leading instance's address as the group knows it. */
  leaderUrl(): Promise<string | undefined>
  /** Leaves the group at once, so that another instance need not wait for the session to run out. */
  close(): Promise<void>
}

export interface ElectionEvents {
  readonly onElected: () => void
  readonly onDeposed: () => void
  readonly onTrouble: (reason: string) => void
}

/** An instance that stands for election. */
export interface Candidate {
  readonly kafka: Kafka
  /** Shared by all instances. */
  readonly groupId: string
  /** This instance's address for the others. */
  readonly url: string
}

const nothing = async (): Promise<void> => undefined

/** Takes part in the election until closed. */
export async function joinElection(
  { kafka, groupId, url }: Candidate,
  { onElected, onDeposed, onTrouble }: ElectionEvents,
): Promise<Election> {
  let leads = false
  let closed = false
  /** The newest membership; what an earlier one still says is of no account. */
  let membership = 0
  const noteResult = (of: number, leader: boolean): void => {
    if (leader === leads || closed || of !== membership) return
    leads = leader
    if (leader) onElected()
    else onDeposed()
  }
  const join = async (): Promise<() => Promise<void>> => {
    membership += 1
    const own = membership
    const consumer = kafka.consumer({
      groupId,
      partitionAssigners: [leaderAssigner(LEADER_TOPIC, url)],
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: SESSION_MS,
      maxWaitTimeInMs: 1000,
      allowAutoTopicCreation: false,
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      noteResult(own, payload.memberAssignment[LEADER_TOPIC]?.includes(0) ?? false),
    )
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      noteResult(own, false)
      onTrouble(payload.error.message)
      // kafkajs restarts by itself after errors it deems retriable.
      if (!payload.restart && !closed && own === membership) setTimeout(() => void rejoin(), REJOIN_MS).unref()
    })
    try {
      await consumer.connect()
      await consumer.subscribe({ topic: LEADER_TOPIC })
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined })
    } catch (error) {
      // Half joined, it would be a second member of this instance beside the next.
      await consumer.disconnect().catch(() => undefined)
      throw error
    }
    return () => consumer.disconnect()
  }
  let leave = nothing
  const rejoin = async (): Promise<void> => {
    try {
      await leave().catch(() => undefined)
      leave = await join()
      if (closed) await leave()
    } catch (error) {
      onTrouble(error instanceof Error ? error.message : String(error))
      if (!closed) setTimeout(() => void rejoin(), REJOIN_MS).unref()
    }
  }
  leave = await join()
  const admin = kafka.admin()
  await admin.connect()
  return {
    async leaderUrl() {
      const { groups } = await admin.describeGroups([groupId])
      return leaderAmong(groups[0]?.members ?? [], LEADER_TOPIC)
    },
    async close() {
      closed = true
      await leave()
      await admin.disconnect()
    },
  }
}
