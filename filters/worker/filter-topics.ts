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
}

/** Topics that this process has seen are not looked for again. */
export function filterTopics(admin: ClusterAdmin, retention: TopicRetention = FILTER_TOPIC_RETENTION): FilterTopics {
  const known = new Set<string>()
  const configs = {
    'cleanup.policy': 'delete',
    'retention.ms': retention.retentionMs,
    'retention.bytes': retention.retentionBytes,
    'max.message.bytes': MAX_MESSAGE_BYTES,
    'segment.bytes': Math.min(128 * 1024 ** 2, Math.max(16 * 1024 ** 2, Math.floor(retention.retentionBytes / 4))),
  }
  return {
    create: async filter => {
      if (known.has(filter)) return
      await admin.createTopics([{ name: topicOfFilter(filter), partitions: 1, configs }])
      known.add(filter)
    },
    delete: async filter => {
      known.delete(filter)
      await admin.deleteTopics([topicOfFilter(filter)])
    },
  }
}
