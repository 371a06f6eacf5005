// The topics of the hub. Alert topics are bounded in bytes, so that a laptop's disk stays free; control topics are compacted.
import { statfs } from 'node:fs/promises'
import {
  ALERT_FLUSH_MS,
  ARCHIVE_TOPIC,
  clockTopic,
  type ClusterAdmin,
  HUB_DEAD_LETTERS,
  noticesTopic,
  STREAMS,
  type TopicSpec,
  upstreamsTopic,
} from '#hub'
import { type StartOptions } from '../layout/options.ts'
import { alertTopicBytes, hubTopicBytes } from '../layout/topic-bytes.ts'

/** DMTN-093: brokers take messages up to 10 MB. */
const MAX_MESSAGE_BYTES = 10_485_760
/** Of topics that are small in any case. */
const MAX_SMALL_TOPIC_BYTES = 1024 ** 3
const SEGMENT_BYTES = 64 * 1024 ** 2
const DAY_MS = 86_400_000

type TopicOptions = Pick<StartOptions, 'alerts' | 'partitions'>

/** Settings of the hub's alert topics. */
const alertTopics = (
  { alerts, partitions }: TopicOptions,
  topicBytes = alertTopicBytes(alerts),
): readonly TopicSpec[] =>
  Object.values(STREAMS).map(({ topic }) => ({
    name: topic,
    partitions,
    configs: {
      'cleanup.policy': 'delete',
      'retention.bytes': Math.ceil(topicBytes / partitions),
      'retention.ms': DAY_MS,
      'segment.bytes': SEGMENT_BYTES,
      'max.message.bytes': MAX_MESSAGE_BYTES,
      'flush.ms': ALERT_FLUSH_MS,
    },
  }))

const compacted = (name: string): TopicSpec => ({
  name,
  partitions: 1,
  configs: { 'cleanup.policy': 'compact', 'segment.bytes': SEGMENT_BYTES, 'max.message.bytes': MAX_MESSAGE_BYTES },
})

const CONTROL_TOPICS = [
  '_schemas',
  'skysieve.filters',
  'skysieve.sources',
  'skysieve.accounts',
  'skysieve.nodes',
  'skysieve.status',
  ARCHIVE_TOPIC,
]

/** What leads and follows in the API: a topic without records, for the group protocol to hand out its one partition. */
const LEADER: TopicSpec = { name: 'skysieve.leader', partitions: 1 }
/** Who changed what, kept for a year. */
const AUDIT: TopicSpec = {
  name: 'skysieve.audit',
  partitions: 1,
  configs: { 'cleanup.policy': 'delete', 'retention.ms': 365 * DAY_MS, 'retention.bytes': MAX_SMALL_TOPIC_BYTES },
}
/** Packets the hub itself could not read; the first week's are kept. */
const DEAD_LETTERS: TopicSpec = {
  name: HUB_DEAD_LETTERS,
  partitions: 1,
  configs: { 'cleanup.policy': 'delete', 'retention.ms': 7 * DAY_MS, 'max.message.bytes': MAX_MESSAGE_BYTES },
}

/** Notices of a week: some 200 bytes for each alert. */
const notices = (stream: string): TopicSpec => ({
  name: noticesTopic(stream),
  partitions: 1,
  configs: { 'cleanup.policy': 'delete', 'retention.ms': 7 * DAY_MS, 'retention.bytes': MAX_SMALL_TOPIC_BYTES },
})

/** All topics of the hub; an alert topic may take `topicBytes`, and as much as on a node where that is absent. */
export const hubTopics = (options: TopicOptions, topicBytes?: number): readonly TopicSpec[] => [
  ...alertTopics(options, topicBytes),
  ...CONTROL_TOPICS.map(compacted),
  ...Object.keys(STREAMS).map(notices),
  LEADER,
  AUDIT,
  clockTopic,
  DEAD_LETTERS,
  upstreamsTopic,
]

/** Makes the hub's topics, or brings them to their settings; how much alerts may take goes by the disk as it is now. */
export const makeHubTopics = async (
  admin: Pick<ClusterAdmin, 'createTopics' | 'describeTopic'>,
  options: Pick<StartOptions, 'alerts' | 'partitions' | 'interval'>,
  dir: string,
): Promise<void> => {
  const { bavail, bsize } = await statfs(dir)
  const held = await Promise.all(
    Object.values(STREAMS).map(async ({ topic }) => (await admin.describeTopic(topic))?.bytes),
  )
  const availableBytes = held.reduce<number>((sum, bytes) => sum + (bytes ?? 0), bavail * bsize)
  await admin.createTopics(await keepPartitions(admin, hubTopics(options, hubTopicBytes(options, availableBytes))))
}

/** The topics with as many partitions as those that are there have: their number is fixed when a topic is made. */
export const keepPartitions = async <T extends TopicSpec>(
  admin: Pick<ClusterAdmin, 'describeTopic'>,
  topics: readonly T[],
): Promise<T[]> => {
  const kept: T[] = []
  for (const topic of topics) {
    const there = await admin.describeTopic(topic.name)
    kept.push(there === undefined ? topic : { ...topic, partitions: there.partitions })
  }
  return kept
}
