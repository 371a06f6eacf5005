// Topics of filters on this node: made before a filter goes live, bounded in time and bytes, removed with the filter.
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

export interface FilterTopics {
  readonly create: (filter: string) => Promise<void>
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
  return {
    create: async filter => {
      if (known.has(filter)) return
      const topic = { name: topicOfFilter(filter), partitions: 1, configs }
      const isThere = (await there()).has(topic.name)
      if (!isThere) await admin.createTopics([topic])
      else if (!configured.has(filter))
        configuring = configuring.then(() => admin.createTopics([topic])).catch(onProblem)
      configured.add(filter)
      known.add(filter)
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
