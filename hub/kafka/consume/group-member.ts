// A member of a consumer group that reads nothing: partitions of a topic stand for work, and the group hands each to one member. Over @platformatic/kafka, which
// looks for the group's coordinator anew when a broker does not answer, and stays the same member meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import { Consumer, type GroupPartitionsAssigner } from '@platformatic/kafka'
import { type HubError } from '../../errors.ts'
import { type BrokerAccess, timeoutsOf } from '../broker-access.ts'
import { kafkaFailure } from '../client-errors.ts'
import { platformaticLogin } from '../login-settings.ts'
import { patchConnections } from '../library-patches/platformatic-connections.ts'

export interface GroupMemberOptions {
  readonly clientId: string
  readonly groupId: string
  /** Each of its partitions goes to one member. */
  readonly topic: string
  /** Names the way in which partitions are handed out; the same for all members. */
  readonly protocol: string
  /** What others may read of this member (`groupMembers` of the administration), e.g. its address. */
  readonly userData?: string
  /** Called with all partitions of this member whenever that may have changed. */
  readonly onAssigned: (partitions: readonly number[], memberId: string) => void
  /** The group has not answered for several sessions, or has no such member: others may have its partitions. It joins again by itself, as another member. */
  readonly onLost?: (error: HubError) => void
  /** The broker refuses it, so that it is no member any more; without this it is lost, and tries on. */
  readonly onFailure?: (error: HubError) => void
}

export interface GroupMember {
  /**
   * Resolves while nobody else can have been given the partitions of this member: at once where the group has heard of it in time, else when it has
   * said again that this is a member, and what it was assigned is known by then. Rejects with the signal's reason.
   */
  confirmed: (signal: AbortSignal) => Promise<void>
  /** Leaves the group, so that others take over at once. */
  close: () => Promise<void>
}

/** A session may miss five. An answer to a join may take as long as a session, as dead members are waited for, and as long as from one to the next. */
const HEARTBEATS = 6
/** So many sessions without an answer; a broker that starts again takes one or two. */
const LOST_SESSIONS = 5
/** A coordinator that moves or loads is asked again after this; 20 s in all. */
const RETRY_DELAY_MS = 100
const RETRIES = 200
const REJOIN_MS = 500
/** Where brokers are. It is asked for anew at once when one does not answer; else each time would be a wait for one that is dead. */
const METADATA_MAX_AGE_MS = 300_000

/** Every member comes to the same result: partitions in turn to the members in the order of their ids. */
const inTurn: GroupPartitionsAssigner = (_current, members, topics, metadata) => {
  const assigned = [...members.keys()].toSorted().map(memberId => ({ memberId, assignments: new Map() }))
  for (const topic of topics)
    for (const [at, { assignments }] of assigned.entries()) {
      const count = metadata.topics.get(topic)?.partitionsCount ?? 0
      const partitions = Array.from({ length: count }, (_, partition) => partition)
      const mine = partitions.filter(partition => partition % assigned.length === at)
      if (mine.length > 0) assignments.set(topic, { topic, partitions: mine })
    }
  return assigned
}

const isFinal = ({ code }: HubError): boolean => code === 'HUB_NOT_AUTHORIZED' || code === 'HUB_TOPIC_UNKNOWN'

/** Joins a group. Resolves once it is a member; throws HubError when it cannot become one within 20 s, or is refused. */
export const openGroupMember = async (access: BrokerAccess, options: GroupMemberOptions): Promise<GroupMember> => {
  const { clientId, groupId, topic, protocol, userData, onAssigned, onLost, onFailure } = options
  patchConnections()
  const { sessionMs } = timeoutsOf(access)
  const heartbeatMs = sessionMs / HEARTBEATS
  const stop = new AbortController()
  const stopped = new Promise<undefined>(resolve => {
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const awaiting = new Set<() => void>()
  const first = Promise.withResolvers<void>()
  let current: Consumer | undefined
  /** When the newest question left that the group has answered: are we still a member? */
  let confirmedMs = -Infinity

  const open = (): { readonly consumer: Consumer; readonly lost: Promise<unknown> } => {
    const consumer = new Consumer({
      clientId,
      groupId,
      ...platformaticLogin(access),
      requestTimeout: sessionMs + heartbeatMs,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: heartbeatMs,
      heartbeatStallTimeout: LOST_SESSIONS * sessionMs,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      protocols: [{ name: protocol, version: 0, ...(userData === undefined ? {} : { metadata: userData }) }],
      partitionAssigner: inTurn,
    })
    const { promise: lost, resolve } = Promise.withResolvers<unknown>()
    consumer.topics.track(topic)
    consumer.on('consumer:group:join', ({ memberId, assignments = [] }) => {
      if (consumer === current) onAssigned(assignments.find(one => one.topic === topic)?.partitions ?? [], memberId)
    })
    let askedMs = -Infinity
    consumer.on('consumer:heartbeat:start', () => {
      askedMs = performance.now()
    })
    consumer.on('consumer:heartbeat:end', () => {
      confirmedMs = askedMs
      for (const heard of awaiting) heard()
      awaiting.clear()
    })
    consumer.on('consumer:heartbeat:stalled', ({ lastError }) => resolve(lastError))
    consumer.on('error', resolve)
    return { consumer, lost }
  }
  const failureOf = (error: unknown): HubError =>
    kafkaFailure(
      `Being a member of ${groupId} on ${access.bootstrap}`,
      error ?? new Error('no answer'),
      'HUB_UNREACHABLE',
    )
  const leave = (consumer: Consumer): Promise<void> =>
    consumer.close(true).catch(() => consumer.connections.close().catch(() => undefined))

  const run = async (): Promise<void> => {
    let hasJoined = false
    while (!stop.signal.aborted) {
      const { consumer, lost } = open()
      current = consumer
      const joined = consumer.joinGroup().then(() => {
        hasJoined = true
        first.resolve()
        return lost
      })
      const why = await Promise.race([joined, stopped]).catch((error: unknown) => error)
      current = undefined
      if (stop.signal.aborted) return leave(consumer)
      void leave(consumer)
      const failure = failureOf(why)
      if (!hasJoined) return first.reject(failure)
      if (onFailure !== undefined && isFinal(failure)) return onFailure(failure)
      onLost?.(failure)
      await sleep(REJOIN_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = run()
  await first.promise
  return {
    confirmed: signal =>
      new Promise((resolve, reject) => {
        const heard = (): void => {
          signal.removeEventListener('abort', given)
          resolve()
        }
        const given = (): void => {
          awaiting.delete(heard)
          reject(signal.reason)
        }
        if (signal.aborted) return reject(signal.reason)
        if (performance.now() - confirmedMs < sessionMs) return resolve()
        awaiting.add(heard)
        signal.addEventListener('abort', given, { once: true })
      }),
    close: async () => {
      stop.abort()
      await running
    },
  }
}
