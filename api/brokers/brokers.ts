// The brokers that subscribers read, the hub's and each mirror's: what the API asks of them. open-brokers.ts does it.
// In: users, topics and groups as they shall be. Out: what topics hold. Every failure of a broker is API_MIRROR_DOWN.
import {
  type Grant,
  type GroupListing,
  type LogRecord,
  type Message,
  type TopicDescription,
  type TopicSpec,
  type UserQuota,
} from '#hub'

/** The name under which the hub's broker is known; no mirror may have it. */
export const HUB = 'hub'

/** One user of one broker as it shall be. `sealed` is its salted password under the platform's key. */
export interface KafkaUser {
  readonly broker: string
  readonly user: string
  readonly account: string
  readonly iterations: number
  readonly salt: string
  readonly sealed: string
  readonly grants: readonly Grant[]
  readonly quota: UserQuota
}

export interface TopicOffsets {
  readonly exists: boolean
  readonly partitions: readonly { readonly partition: number; readonly low: bigint; readonly high: bigint }[]
}

/** The brokers that subscribers read: the hub and each mirror. */
export interface Brokers {
  /** Names of the mirrors that are served now. */
  mirrors(): readonly string[]
  /** Address for subscribers, or undefined if there is no such broker. */
  address(broker: string): string | undefined
  /** Logs in and looks around, as often as it is called. @throws ApiError API_MIRROR_DOWN, whose cause says why it does not work */
  reach(broker: string): Promise<void>
  /** Whether something answers as one of its brokers at this address. Throws nothing. */
  answersAt(broker: string, bootstrap: string): Promise<boolean>
  /** Whether users can be made there. Else what makes and removes them does nothing: whoever runs that Kafka does it. */
  makesUsers(broker: string): boolean
  /** How subscribers' connections to the broker are secured. */
  security(broker: string): { readonly protocol: 'SASL_PLAINTEXT' | 'SASL_SSL'; readonly ca?: string }
  /** @throws ApiError API_MIRROR_DOWN */
  offsets(broker: string, topic: string): Promise<TopicOffsets>
  /**
   * Committed records of a partition, from a time or its beginning to what is committed now.
   * @throws ApiError API_MIRROR_DOWN
   */
  records(
    broker: string,
    topic: string,
    partition: number,
    from: 'earliest' | bigint | { readonly timestampMs: number },
  ): AsyncIterable<LogRecord>
  /**
   * The newest committed record of a key of a partition, found by an index of the keys of visits; undefined where there is none.
   * @throws ApiError API_MIRROR_DOWN
   */
  newest(broker: string, topic: string, partition: number, key: string): Promise<LogRecord | undefined>
  /** Writes one message. @throws ApiError API_MIRROR_DOWN */
  append(broker: string, message: Message): Promise<void>
  /**
   * Makes a SCRAM user what it shall be by then: password, exactly these ACLs, quota; nothing where it shall not be.
   * @throws ApiError API_MIRROR_DOWN
   */
  applyUser(broker: string, wanted: () => KafkaUser | undefined): Promise<void>
  /** What the users may take of a broker, all at once; those that there shall not be by then are left. @throws ApiError API_MIRROR_DOWN */
  applyQuotas(broker: string, wanted: () => readonly KafkaUser[]): Promise<void>
  /** Takes user, ACLs and quota away, as often as it is called. @throws ApiError API_MIRROR_DOWN */
  removeUser(broker: string, user: string): Promise<void>
  /** @throws ApiError API_MIRROR_DOWN, HubError HUB_TOPIC_DIFFERS */
  makeTopic(broker: string, topic: TopicSpec): Promise<void>
  /** @throws ApiError API_MIRROR_DOWN */
  dropTopic(broker: string, topic: string): Promise<void>
  /** Consumer groups of a broker. @throws ApiError API_MIRROR_DOWN */
  groups(broker: string): Promise<readonly GroupListing[]>
  /** Takes groups away that nobody is in. @throws ApiError API_MIRROR_DOWN */
  dropGroups(broker: string, ids: readonly string[]): Promise<void>
  /** Undefined where there is no such topic. @throws ApiError API_MIRROR_DOWN */
  describeTopic(broker: string, topic: string): Promise<TopicDescription | undefined>
}
