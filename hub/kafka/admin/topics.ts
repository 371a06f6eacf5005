// Topics: created to a description, however often that is asked for.
import { type Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { type AdminCall } from './admin-call.ts'
import { isProtocolError } from '../client-errors.ts'

export type TopicConfigs = Readonly<Record<string, string | number | boolean>>

/** A topic as it shall be. */
export interface TopicSpec {
  readonly name: string
  /** 1 where absent. */
  readonly partitions?: number
  /** Copies of each partition; as many as the brokers make by default where absent. */
  readonly replicas?: number
  /** Kafka's topic settings, e.g. `{ 'cleanup.policy': 'compact' }`; what is not named keeps its value. */
  readonly configs?: TopicConfigs
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  /** Every setting in effect, the broker's defaults among them. */
  readonly configs: Readonly<Record<string, string>>
  /** What it takes on disk, all partitions together. */
  readonly bytes: number
}

export interface TopicShape {
  readonly partitions: number
  /** Every setting in effect; absent where the user may not see them. */
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicCalls {
  /** Makes what is missing and sets what differs. Throws HUB_TOPIC_DIFFERS where a topic has another number of partitions. */
  createTopics: (topics: readonly TopicSpec[]) => Promise<void>
  /** Topics that are not there are no error. */
  deleteTopics: (names: readonly string[]) => Promise<void>
  listTopics: () => Promise<string[]>
  /** undefined where there is no such topic. */
  describeTopic: (name: string) => Promise<TopicDescription | undefined>
  /** What a user that is no administrator sees of a topic; undefined where there is none, or it may not see it. */
  topicShape: (name: string) => Promise<TopicShape | undefined>
  /** Its settings; undefined where there is no such topic. */
  topicConfigs: (name: string) => Promise<Readonly<Record<string, string>> | undefined>
  /** A topic made anew under its old name has another identity; undefined where there is no such topic. */
  topicId: (name: string) => Promise<string | undefined>
}

const VISIBLE_LIMIT_MS = 10_000
const POLL_MS = 20

const entriesOf = (configs: TopicConfigs = {}): [string, string][] =>
  Object.entries(configs).map(([name, value]) => [name, String(value)])

const bytesOf = async (admin: Admin, name: string, partitions: number): Promise<number> => {
  const topics = [{ name, partitions: Array.from({ length: partitions }, (_, partition) => partition) }]
  const brokers = await admin.describeLogDirs({ topics })
  const logs = brokers.flatMap(({ results }) => results).flatMap(result => result.topics)
  return logs.flatMap(topic => topic.partitions).reduce((sum, { partitionSize }) => sum + Number(partitionSize), 0)
}

/** Without its size on disk, which only an administrator may ask for. */
const describe = async (admin: Admin, name: string): Promise<Omit<TopicDescription, 'bytes'> | undefined> => {
  const topics = await admin.listTopics({ includeInternals: true })
  if (!topics.includes(name)) return undefined
  try {
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true })
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: name }
    const [described] = await admin.describeConfigs({ resources: [resource] })
    const configs = (described?.configs ?? []).map(config => [config.name, config.value ?? ''] as const)
    return { name, partitions: metadata.topics.get(name)?.partitionsCount ?? 0, configs: Object.fromEntries(configs) }
  } catch (error) {
    // Deleted in between.
    if (isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined
    throw error
  }
}

/** Without its settings, where the user may not see them. */
const shapeOf = async (admin: Admin, name: string): Promise<TopicShape | undefined> => {
  try {
    return await describe(admin, name)
  } catch (error) {
    if (!isProtocolError(error, 'TOPIC_AUTHORIZATION_FAILED')) throw error
    const { topics } = await admin.metadata({ topics: [name], forceUpdate: true })
    return { partitions: topics.get(name)?.partitionsCount ?? 0 }
  }
}

/** The controller knows a topic some milliseconds before the broker serves it. */
const awaitVisible = async (admin: Admin, name: string): Promise<Omit<TopicDescription, 'bytes'>> => {
  const deadline = performance.now() + VISIBLE_LIMIT_MS
  for (;;) {
    const topic = await describe(admin, name)
    if (topic !== undefined && topic.partitions > 0) return topic
    if (performance.now() > deadline)
      throw new HubError(
        'HUB_TOPIC_UNKNOWN',
        `Topic ${name} was created but is not served after ${VISIBLE_LIMIT_MS} ms`,
      )
    await sleep(POLL_MS)
  }
}

const create = async (admin: Admin, { name, partitions = 1, replicas = -1, configs }: TopicSpec): Promise<void> => {
  const settings = entriesOf(configs)
  try {
    await admin.createTopics({
      topics: [{ topic: name, partitions, replicas }],
      configs: settings.map(([name, value]) => ({ name, value })),
    })
    await awaitVisible(admin, name)
    return
  } catch (error) {
    if (!isProtocolError(error, 'TOPIC_ALREADY_EXISTS')) throw error
  }
  const topic = await awaitVisible(admin, name)
  if (topic.partitions !== partitions)
    throw new HubError(
      'HUB_TOPIC_DIFFERS',
      `Topic ${name} has ${topic.partitions} partitions instead of ${partitions}; their number is fixed when a topic is made`,
    )
  const differing = settings.filter(([name, value]) => topic.configs[name] !== value)
  if (differing.length === 0) return
  const changes = differing.map(([name, value]) => ({
    name,
    value,
    configOperation: IncrementalAlterConfigOperationTypes.SET,
  }))
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs: changes }],
  })
}

export const topicCalls = (call: AdminCall): TopicCalls => ({
  createTopics: async topics => {
    for (const topic of topics) await call(`Creating topic ${topic.name}`, admin => create(admin, topic))
  },
  deleteTopics: async names => {
    for (const name of names)
      await call(`Deleting topic ${name}`, admin =>
        admin.deleteTopics({ topics: [name] }).catch((error: unknown) => {
          if (!isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
        }),
      )
  },
  listTopics: () => call('Listing topics', admin => admin.listTopics()),
  topicConfigs: name =>
    call(`Looking up the settings of topic ${name}`, async admin => (await describe(admin, name))?.configs),
  topicShape: name => call(`Looking at topic ${name}`, admin => shapeOf(admin, name)),
  describeTopic: name =>
    call(`Describing topic ${name}`, async admin => {
      const topic = await describe(admin, name)
      return topic && { ...topic, bytes: await bytesOf(admin, name, topic.partitions) }
    }),
  topicId: name =>
    call(`Looking topic ${name} up`, async admin => {
      try {
        return (await admin.metadata({ topics: [name], forceUpdate: true })).topics.get(name)?.id
      } catch (error) {
        if (isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined
        throw error
      }
    }),
})
