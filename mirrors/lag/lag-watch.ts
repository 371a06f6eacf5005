// How far a node is behind the hub, in alerts and seconds: MirrorMaker's positions against the ends of the hub's topics.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, type Grant, openTopicLog } from '#hub'
import { isUnknownTopic } from '../feed/fetch-error.ts'
import { CONNECT_TOPICS } from '../mirror-maker/settings.ts'
import { type CopiedOffsets, followCopiedOffsets } from './copied-offsets.ts'
import { type LagClock, openLagClock } from './lag-clock.ts'

const EVERY_MS = 5000

/** One moment of a node's lag. */
export interface MirrorLag {
  /** Records on the hub that are not on the node. */
  readonly alerts: number
  /** Since when the oldest of them has been on the hub; at most since the watch began. */
  readonly seconds: number
  /** Records the hub has had in all, and MirrorMaker has copied of them: what moves when something moves. */
  readonly onHub: bigint
  readonly copied: bigint
}

export interface LagWatchOptions {
  readonly hub: BrokerAccess
  readonly node: BrokerAccess
  /** Alert topics. */
  readonly topics: readonly string[]
  readonly clientId: string
  readonly signal: AbortSignal
  /** Called after every look. */
  readonly onLag?: (lag: MirrorLag) => void
  /** Default: a look each 5 s. */
  readonly everyMs?: number
}

/** What a user needs to watch lag, on the hub and on the node. */
export const lagWatchAcls = (user: string, topics: readonly string[]) => ({
  hub: topics.map((name): Grant => ({ user, resource: 'topic', name, operations: ['describe'] })),
  node: [{ user, resource: 'topic', name: CONNECT_TOPICS.offsets, operations: ['read', 'describe'] }] satisfies Grant[],
})

/** Of one partition. */
interface PartitionLag extends MirrorLag {
  readonly topic: string
  readonly partition: number
}

/** One topic of the hub, its client kept open between looks. */
const openHubTopic = ({ hub, clientId }: LagWatchOptions, topic: string) => {
  const clocks = new Map<number, LagClock>()
  const log = openTopicLog(hub, { clientId, topic })
  const look = async (copied: CopiedOffsets): Promise<readonly PartitionLag[]> => {
    const partitions = [...(await log.place()).leaders.keys()]
    const [firsts, ends] = await Promise.all([log.offsets('earliest', partitions), log.offsets('latest', partitions)])
    const nowMs = performance.now()
    return partitions.map(partition => {
      const end = ends.get(partition) ?? 0n
      const first = firsts.get(partition) ?? 0n
      const known = copied.get(topic)?.get(partition) ?? 0n
      // What the hub no longer has cannot be copied any more.
      const position = known < first ? first : known
      const clock = clocks.get(partition) ?? openLagClock()
      clocks.set(partition, clock)
      clock.ended(end, nowMs)
      const behind = position < end ? end - position : 0n
      const seconds = clock.secondsBehind(position, nowMs)
      return { topic, partition, alerts: Number(behind), seconds, onHub: end, copied: position }
    })
  }
  return { look, close: log.close }
}

/** Rejects while the node's broker does not answer. A node on which MirrorMaker has never run has copied nothing, which is an answer. */
const openNodeCheck = ({ node, clientId }: LagWatchOptions) => {
  const log = openTopicLog(node, { clientId, topic: CONNECT_TOPICS.offsets })
  return {
    check: async (): Promise<void> => {
      await log.offsets('latest', [0]).catch((error: unknown) => {
        if (!isUnknownTopic(error)) throw error
      })
    },
    close: log.close,
  }
}

const sum = (lags: readonly MirrorLag[]): MirrorLag => ({
  alerts: lags.reduce((total, { alerts }) => total + alerts, 0),
  seconds: lags.reduce((most, { seconds }) => Math.max(most, seconds), 0),
  onHub: lags.reduce((total, { onHub }) => total + onHub, 0n),
  copied: lags.reduce((total, { copied }) => total + copied, 0n),
})

/**
 * Watches until the signal. `latest` gives the last look, at all partitions or at those that count, or undefined while hub or node could not be asked for two looks: an unknown
 * lag is not a lag of 0. Rejects with a MirrorError where the user may not read MirrorMaker's positions on the node.
 */
export const openLagWatch = (
  options: LagWatchOptions,
): {
  readonly latest: (isCounted?: (topic: string, partition: number) => boolean) => MirrorLag | undefined
  readonly ended: Promise<void>
} => {
  const { node, topics, clientId, signal, onLag, everyMs = EVERY_MS } = options
  const hubTopics = topics.map(topic => openHubTopic(options, topic))
  const nodeCheck = openNodeCheck(options)
  const copied = followCopiedOffsets(node, clientId, signal)
  let seen: { readonly lags: readonly PartitionLag[]; readonly atMs: number } | undefined
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      const looks = Promise.all([nodeCheck.check(), ...hubTopics.map(topic => topic.look(copied.positions))])
      const [, ...lags] = (await looks.catch(() => undefined)) ?? []
      if (lags.length > 0) {
        seen = { lags: lags.flat(), atMs: performance.now() }
        onLag?.(sum(seen.lags))
      }
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
    await Promise.allSettled([nodeCheck, ...hubTopics].map(one => one.close()))
  }
  return {
    latest: (isCounted = () => true) =>
      seen !== undefined && performance.now() - seen.atMs < 3 * everyMs
        ? sum(seen.lags.filter(({ topic, partition }) => isCounted(topic, partition)))
        : undefined,
    ended: Promise.all([watch(), copied.ended]).then(() => undefined),
  }
}
