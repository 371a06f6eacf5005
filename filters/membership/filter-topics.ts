// Topics of filters on this node: made before a filter goes live, bounded in time and bytes, removed with the filter.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterAdmin } from '#hub'
import { topicOfFilter } from '../manifest.ts'

/** What a filter's topic keeps. 20 packets of 110 KB every 37 s for a night of ten hours are 2.1 GB. */
export interface TopicRetention {
  readonly retentionMs: number
  readonly retentionBytes: number
}

const FILTER_TOPIC_RETENTION: TopicRetention = { retentionMs: 7 * 86_400_000, retentionBytes: 1024 ** 3 }

/** Bytes of the largest message, with room for headers above the hub's 10 MB. */
const MAX_MESSAGE_BYTES = 12 * 1024 * 1024

/** How long a filter is waited for whose topic is being made: others stand behind it. */
const WAIT_MS = 2000

export interface FilterTopics {
  /** Makes a filter's topic where it is missing. Resolves with why it is not there: it may be asked for again. Never rejects. */
  readonly create: (filter: string) => Promise<string | undefined>
  readonly delete: (filter: string) => Promise<void>
  /** Topics may be missing that were there: all are looked for again. */
  readonly renew: () => void
}

export interface FilterTopicsOptions {
  readonly admin: ClusterAdmin
  readonly retention?: TopicRetention
  /** A topic that was there does not take its settings; filters write to it all the same. */
  readonly onProblem: (error: unknown) => void
}

/**
 * Topics that this process has seen are not looked for again. Those that are there when it begins are taken as they are, so that a shard that is taken over
 * with hundreds of filters does not wait for them, and given their settings afterwards.
 */
export function filterTopics({
  admin,
  retention = FILTER_TOPIC_RETENTION,
  onProblem,
}: FilterTopicsOptions): FilterTopics {
  const known = new Set<string>()
  /** Those that this process has given their settings. */
  const configured = new Set<string>()
  const making = new Map<string, Promise<string | undefined>>()
  let found: Promise<Set<string>> | undefined
  let configuring: Promise<void> = Promise.resolve()
  const configs = {
    'cleanup.policy': 'delete',
    'retention.ms': retention.retentionMs,
    'retention.bytes': retention.retentionBytes,
    'max.message.bytes': MAX_MESSAGE_BYTES,
    'segment.bytes': Math.min(128 * 1024 ** 2, Math.max(16 * 1024 ** 2, Math.floor(retention.retentionBytes / 4))),
  }
  const there = (): Promise<Set<string>> =>
    (found ??= admin.listTopics().then(
      names => new Set(names),
      (error: unknown) => {
        found = undefined
        throw error
      },
    ))
  const make = async (filter: string): Promise<void> => {
    const topic = { name: topicOfFilter(filter), partitions: 1, configs }
    const isThere = (await there()).has(topic.name)
    if (!isThere) await admin.createTopics([topic])
    else if (!configured.has(filter)) configuring = configuring.then(() => admin.createTopics([topic])).catch(onProblem)
    configured.add(filter)
    known.add(filter)
  }
  const missing = (filter: string, why: string): string =>
    `its topic ${topicOfFilter(filter)} is not there yet: ${why}. It is tried again every few seconds; where that does not help, an operator has to look at the node’s broker`
  return {
    create: async filter => {
      if (known.has(filter)) return undefined
      const begun =
        making.get(filter) ??
        make(filter)
          .then(
            () => undefined,
            (error: unknown) => missing(filter, error instanceof Error ? error.message : String(error)),
          )
          .finally(() => making.delete(filter))
      making.set(filter, begun)
      const late = missing(filter, `the broker has not made it within ${WAIT_MS / 1000} s`)
      return Promise.race([begun, sleep(WAIT_MS, late, { ref: false })])
    },
    renew: () => {
      known.clear()
      found = undefined
    },
    delete: async filter => {
      known.delete(filter)
      configured.delete(filter)
      await configuring
      const names = await there()
      names.delete(topicOfFilter(filter))
      await admin.deleteTopics([topicOfFilter(filter)])
    },
  }
}
