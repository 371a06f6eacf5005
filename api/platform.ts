// What routes and jobs work with. Built once by openApi; routes never see a client of Kafka or Redis.
import { type Language, type Manifest, type Problem, type SourceRecord, type Sources } from '#filters'
import { type GroupListing, type LogRecord, type Message, type TopicDescription, type TopicSpec } from '#hub'
import { type ArchiveJobs } from './jobs/archive-maintenance-queue.ts'
import { type AuditLog } from './audit/audit-log.ts'
import { type Archives } from './archive/archives.ts'
import { type Books } from './control/control-state.ts'
import { type Writes } from './control/control-writes.ts'
import { type SecretBox } from './accounts/secret-box.ts'
import { type KafkaUser } from './subscribers/subscriber-acls.ts'
import { type JobStage } from './submissions/stage.ts'
import { type Runtimes } from './authoring/runtimes.ts'
import { type ApiSettings } from './settings.ts'

export interface Diagnosis {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly description: string
  readonly readsEverything: boolean
  /** What is kept of it; undefined where it has problems. */
  readonly record: SourceRecord | undefined
  /** Dotted paths of the fields it is given; a list's fields as `list[].field`. */
  readonly fields: readonly string[]
}

export interface AuthoredSource {
  readonly language: Language
  readonly source: string
  readonly stream: string
  readonly cutouts: boolean
  /** Whose it is: accounts take turns. */
  readonly account: string
}

export interface TrialReport {
  /** Empty when it went well. */
  readonly problems: readonly Problem[]
  /** Alerts it was tried on; 0 where there was no sample of its stream: it is not tried. */
  readonly alerts: number
  readonly passed: number
}

/** Author-facing checks: of the source alone, and by running it on a sample visit. */
export interface Author {
  /** Names of the streams whose filters can be checked. */
  readonly streams: readonly string[]
  /** @throws ApiError API_RATE_LIMIT where many of the account wait. */
  check(source: AuthoredSource): Promise<Diagnosis>
  /**
   * A run in the production sandbox, bounded in time. `onBegin` is told when it is its turn.
   * @throws ApiError API_RATE_LIMIT where many of the account wait.
   */
  try(manifest: Manifest, version: number, onBegin?: () => Promise<void>): Promise<TrialReport>
}

export interface Jobs {
  /** @throws ApiError API_QUEUE_DOWN */
  requireReady(): Promise<void>
  /** Best effort: what gets lost here, the reconciler queues again from the manifests. */
  enqueue(filter: string): Promise<void>
  /** Where a submitted filter is, if the queue answers at once. */
  stage(filter: string): Promise<JobStage | undefined>
}

export interface TopicOffsets {
  readonly exists: boolean
  readonly partitions: readonly { readonly partition: number; readonly low: bigint; readonly high: bigint }[]
}

/** The brokers that subscribers read: the hub and each mirror. */
export interface Brokers {
  /** Address for subscribers, or undefined if there is no such broker. */
  address(broker: string): string | undefined
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
   * Makes a SCRAM user what it shall be by then: password, exactly these rights, quota; nothing where it shall not be.
   * @throws ApiError API_MIRROR_DOWN
   */
  settle(broker: string, wanted: () => KafkaUser | undefined): Promise<void>
  /** What the users may take of a broker, all at once; those that there shall not be by then are left. @throws ApiError API_MIRROR_DOWN */
  share(broker: string, wanted: () => readonly KafkaUser[]): Promise<void>
  /** Takes user, rights and quota away, as often as it is called. @throws ApiError API_MIRROR_DOWN */
  remove(broker: string, user: string): Promise<void>
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

export interface Platform {
  /** Undefined where this system keeps no archive. */
  readonly archives: Archives | undefined
  readonly archiveJobs: ArchiveJobs
  readonly settings: ApiSettings
  readonly books: Books
  readonly writes: Writes
  readonly sources: Pick<Sources, 'get' | 'keys'>
  readonly author: Author
  /** Whether packets of this schema can be read now. */
  readonly knowsSchema: (id: number) => Promise<boolean>
  readonly runtimes: Runtimes
  readonly jobs: Jobs
  readonly brokers: Brokers
  readonly audit: Pick<AuditLog, 'write'>
  readonly box: SecretBox
  readonly nowMs: () => number
}
