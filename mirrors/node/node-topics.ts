// Which topics a node has before MirrorMaker and workers start, as data. Names and keys: the table of topics in the README.
import { ALERT_FLUSH_MS, clockTopic, type TopicSpec } from '#hub'

const MB = 1024 * 1024
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** One record batch: above the 10 MB a packet may have, as a batch may hold a packet and its frame, or several small ones. */
const MAX_BATCH_BYTES = 16 * MB
/** An alert topic's segment; retention removes whole segments, so a bound in bytes holds to within one. */
const SEGMENT_BYTES = 64 * MB
const DEFAULT_RETENTION = { hours: 72, bytesPerPartition: 1024 * MB }

/** An alert topic as it is on the hub. */
export interface AlertTopic {
  readonly name: string
  readonly partitions: number
}

/** What the node's broker keeps of an alert topic. */
export interface NodeRetention {
  readonly hours: number
  readonly bytesPerPartition: number
}

export interface NodeTopicsOptions {
  readonly alertTopics: readonly AlertTopic[]
  /** Fixed when the node is made: positions and counters are kept by shard. */
  readonly shards: number
  /** Of the alert topics. Default 72 h and 1 GiB a partition. */
  readonly retention?: NodeRetention
}

/** Topics that MirrorMaker copies from the hub besides alerts. */
export const CONTROL_TOPICS = ['_schemas', 'skysieve.filters', 'skysieve.sources'] as const

/** The node's own topics, by what they hold. */
export const NODE_TOPICS = {
  progress: 'skysieve.progress',
  shards: 'skysieve.shards',
  overCap: 'skysieve.over-cap',
  logs: 'skysieve.logs',
  deadLetters: 'skysieve.dead-letters',
  mirrorGaps: 'skysieve.mirror-gaps',
} as const

const compacted = {
  'cleanup.policy': 'compact',
  'max.message.bytes': MAX_BATCH_BYTES,
  // Cleaned often: what is replayed at a start stays short.
  'segment.bytes': 16 * MB,
  'segment.ms': HOUR_MS,
  'min.cleanable.dirty.ratio': 0.1,
}

const kept = (ms: number, bytes: number) => ({
  'cleanup.policy': 'delete',
  'retention.ms': ms,
  'retention.bytes': bytes,
  'max.message.bytes': MAX_BATCH_BYTES,
})

/**
 * Every topic of a node but those of filters, in the form the hub's administration creates them.
 * Control topics must exist, compacted, before MirrorMaker starts: it would make them with the node's default, which deletes.
 */
export const nodeTopics = ({
  alertTopics,
  shards,
  retention = DEFAULT_RETENTION,
}: NodeTopicsOptions): readonly TopicSpec[] => [
  ...alertTopics.map(({ name, partitions }) => ({
    name,
    partitions,
    configs: {
      ...kept(retention.hours * HOUR_MS, retention.bytesPerPartition),
      'segment.bytes': Math.min(SEGMENT_BYTES, Math.max(MAX_BATCH_BYTES, Math.ceil(retention.bytesPerPartition / 4))),
      // Shown and searched by the time the survey's producer gave them.
      'message.timestamp.type': 'CreateTime',
      'flush.ms': ALERT_FLUSH_MS,
    },
  })),
  ...CONTROL_TOPICS.map(name => ({ name, partitions: 1, configs: compacted })),
  { ...clockTopic, configs: { ...clockTopic.configs, 'max.message.bytes': MAX_BATCH_BYTES } },
  { name: NODE_TOPICS.progress, partitions: shards, configs: { ...compacted, 'segment.ms': HOUR_MS / 6 } },
  // Holds no records: its partitions are what the workers' group hands out.
  { name: NODE_TOPICS.shards, partitions: shards, configs: kept(HOUR_MS, MB) },
  { name: NODE_TOPICS.overCap, partitions: 1, configs: kept(7 * DAY_MS, -1) },
  { name: NODE_TOPICS.logs, partitions: 1, configs: kept(7 * DAY_MS, 256 * MB) },
  { name: NODE_TOPICS.deadLetters, partitions: 1, configs: kept(30 * DAY_MS, 1024 * MB) },
  { name: NODE_TOPICS.mirrorGaps, partitions: 1, configs: kept(365 * DAY_MS, 64 * MB) },
]
