// A mirror's worker process. In: the node's broker, sandbox, manifests and schemas. It joins the mirror's workers, runs the shards that the group gives it, and says
// how it is. It ends when it is fenced, or when a progress record cannot be read.
import { type BrokerAccess, type ClusterAdmin, type GroupMember, openAdmin, type Stream, watchDeadMembers } from '#hub'
import { type HubClock, type MirrorGap, type MirrorLag } from '#mirrors'
import { type Limits, type Posture, type Sandbox } from '#sandbox'
import { type Logger } from 'pino'
import { type Registry } from 'prom-client'
import { AwaitedSchemas, type SchemaSource } from '../batch/awaited-schemas.ts'
import { type ClosingRule } from '../cap/visit-over.ts'
import { FilterError } from '../errors.ts'
import { filterTopics, type TopicRetention } from '../membership/filter-topics.ts'
import { type ManifestSource } from '../membership/node-manifests.ts'
import { SourceLookup } from '../membership/source-lookup.ts'
import { filterMetrics } from '../metrics.ts'
import { STATUS_TOPIC } from '../publish/topics.ts'
import { type Sources } from '../sources.ts'
import { openMirrorGaps } from './mirror-gaps.ts'
import { type MachineReport } from './report-values.ts'
import { groupOf, joinWorkers } from './shard-assignment.ts'
import { type Shard, startShard } from './shard.ts'
import { StatusReporter } from './status-reporter.ts'
import { findTopicOf } from './truncation-check.ts'
import { publishConsumerGroups } from './visible-consumer-groups.ts'

export interface WorkerOptions {
  readonly mirror: string
  /** How many shards the mirror has; which of them run here, the group protocol says. */
  readonly shards: number
  /** The mirror's own broker. */
  readonly node: BrokerAccess
  /** Where status is reported; undefined reports nowhere. */
  readonly hub?: BrokerAccess
  /** Which topic of the hub that is; the one of all nodes where absent, as hubs of former versions have no other. */
  readonly statusTopic?: string
  readonly streams: readonly Stream[]
  readonly sandbox: Sandbox
  /** skysieve.filters as mirrored to the node, replayed to its end. */
  readonly manifests: ManifestSource
  /** skysieve.sources as mirrored to the node; absent where every manifest has its source inside. */
  readonly sources?: Pick<Sources, 'get'>
  /** _schemas as mirrored to the node. */
  readonly schemas: SchemaSource
  /** Asked for what has not arrived on the node; the hub may be away. */
  readonly schemasFromHub?: SchemaSource['get']
  /** Where this worker notes who it is among the mirror's workers, for the process that takes its place when it dies. */
  readonly memberFile?: string
  readonly registry: Registry
  readonly log: Logger
  readonly limits?: Limits
  readonly lingerMs?: number
  /** When a visit of a `best` filter is over; 15 s without a packet of it, or 90 s after its first one. */
  readonly closing?: ClosingRule
  /** The hub's clock as it arrives on the node; without it, being cut off cannot be told from a survey that sends nothing. */
  readonly hubClock?: Pick<HubClock, 'lateMs'>
  /** The machine this runs on, for the node's reports; left out of them where it is not given. */
  readonly machine?: () => Promise<MachineReport>
  /** How far the node's copy is behind the hub, where that is known. */
  readonly mirrorLag?: () => Pick<MirrorLag, 'alerts' | 'seconds'> | undefined
  /** How long a packet ahead of its schema waits. */
  readonly schemaWaitMs?: number
  /** After this time a source that has not arrived is not expected any more, and its filter's status says so; a minute by default. */
  readonly sourceLateMs?: number
  readonly filterTopics?: TopicRetention
  /** How long records of visits are kept; 8 days by default. */
  readonly visitRetentionMs?: number
}

interface LaneHealth {
  readonly shard: number
  readonly lane: string
  readonly filters: number
  readonly lagAlerts: number
}

/** For /readyz and the node's status. */
export interface WorkerHealth {
  readonly shards: readonly { readonly shard: number; readonly isUp: boolean; readonly lastFailure?: string }[]
  readonly lanes: readonly LaneHealth[]
  readonly posture: Posture
}

export interface Worker {
  health(): Promise<WorkerHealth>
  /** Tells of alerts that never reached this node, for status, metrics and log; the same range may be told again, longer. */
  noteMirrorGap(gap: MirrorGap): void
  /** Rejects when this process has to end: fenced, or a progress record that it cannot read. Resolves when it was closed. */
  readonly ended: Promise<void>
  /** Commits what is evaluated, gives the shards back and closes everything. The sandbox stays the caller's. */
  close(): Promise<void>
}

const VISIT_RETENTION_MS = 8 * 86_400_000
/** Packets of a visit may come for as long as an alert topic keeps them, and this much longer: late ones, a hub that was away, filters that move. */
const LATE_PACKETS_MS = 12 * 3_600_000
const LAG_EVERY_MS = 5000

/** For how long a packet of a visit may come. */
async function packetRetentionOf(admin: ClusterAdmin, streams: readonly Stream[]): Promise<number> {
  const settings = await Promise.all(streams.map(({ topic }) => admin.topicConfigs(topic)))
  const keptMs = settings.map(configs => Number(configs?.['retention.ms'] ?? -1))
  return keptMs.every(ms => ms >= 0) ? Math.max(0, ...keptMs) + LATE_PACKETS_MS : VISIT_RETENTION_MS
}

/** Opens a worker. Resolves once it is a member of its mirror's group; shards follow within moments. */
export async function openWorker(options: WorkerOptions): Promise<Worker> {
  const { mirror, node, streams, sandbox, manifests, log } = options
  const stop = new AbortController()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  const metrics = filterMetrics(options.registry)
  const admin = openAdmin(node, `${node.user}.admin`)
  const topics = filterTopics({
    admin,
    ...(options.filterTopics === undefined ? {} : { retention: options.filterTopics }),
    onProblem: error => {
      if (!stop.signal.aborted) log.warn({ err: error }, 'settings of a filter’s topic')
    },
  })
  const awaitedSchemas = new AwaitedSchemas({
    source: options.schemas,
    signal: stop.signal,
    ...(options.schemasFromHub === undefined ? {} : { fallback: options.schemasFromHub }),
    ...(options.schemaWaitMs === undefined ? {} : { waitMs: options.schemaWaitMs }),
  })
  const sources = new SourceLookup(options.sources)
  const shards = new Map<number, Shard>()
  const mirrorGaps = openMirrorGaps(metrics, log)
  const reporters = new Map<number, StatusReporter>()

  const start = (shard: number): void => {
    const manifestOf = (filter: string): ReturnType<ManifestSource['get']> => manifests.get(filter)
    const status = new StatusReporter({
      hub: options.hub,
      topic: options.statusTopic ?? STATUS_TOPIC,
      mirror,
      shard,
      shards: options.shards,
      manifestOf,
      metrics,
      machine: options.machine,
      mirrorLag: options.mirrorLag,
      log,
    })
    reporters.set(shard, status)
    // Shard 0 reports what is true of the whole node.
    if (shard === 0) for (const gap of mirrorGaps.all()) status.mirrorGap(gap)
    const running = startShard({
      access: node,
      place: { mirror, shard, streams: streams.map(({ name }) => name) },
      streams,
      sandbox,
      manifests,
      sources,
      awaitedSchemas,
      topics,
      findTopic: findTopicOf(admin),
      status,
      metrics,
      log,
      visitRetentionMs: options.visitRetentionMs ?? VISIT_RETENTION_MS,
      packetRetentionMs,
      confirmed: async signal => (await joined.promise).confirmed(signal),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.sourceLateMs === undefined ? {} : { sourceLateMs: options.sourceLateMs }),
      ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
      ...(options.closing === undefined ? {} : { closing: options.closing }),
      ...(options.hubClock === undefined ? {} : { hubClock: options.hubClock }),
    })
    shards.set(shard, running)
    // A shard that was given away may be fenced before it has closed; only one that is still ours ends the process.
    running.ended.catch((error: unknown) => {
      if (shards.get(shard) === running) ended.reject(error)
    })
  }
  const end = async (shard: number): Promise<void> => {
    const running = shards.get(shard)
    shards.delete(shard)
    await running?.close()
    const status = reporters.get(shard)
    reporters.delete(shard)
    await status?.close()
  }

  let assigning: Promise<void> = Promise.resolve()
  const assign = (wanted: readonly number[]): void => {
    assigning = assigning.then(() => reassign(wanted))
  }
  const reassign = async (wanted: readonly number[]): Promise<void> => {
    if (stop.signal.aborted) return
    log.info({ shards: wanted }, 'shards assigned')
    await Promise.all([...shards.keys()].filter(shard => !wanted.includes(shard)).map(end))
    for (const shard of wanted) if (!shards.has(shard)) start(shard)
    for (const status of reporters.values()) status.repeat()
  }
  const packetRetentionMs = await packetRetentionOf(admin, streams).catch((error: unknown) => {
    log.warn({ err: error }, 'how long alert topics keep packets; visits are remembered for long')
    return VISIT_RETENTION_MS
  })
  const joined = Promise.withResolvers<GroupMember>()
  joined.promise.catch(() => undefined)
  const notJoined = (cause: Error): FilterError =>
    new FilterError(
      'FILTER_TOPIC',
      `The workers of ${mirror} cannot be joined on ${node.bootstrap}: ${cause.message}`,
      { cause },
    )
  const assignment = await joinWorkers({
    access: node,
    admin,
    memberFile: options.memberFile,
    onAssigned: assign,
    onFailure: cause => ended.reject(notJoined(cause)),
  }).catch((error: Error) => {
    throw notJoined(error)
  })
  joined.resolve(assignment)
  const { signal } = stop
  const burying = watchDeadMembers({ access: node, clientId: `${node.user}.members`, group: groupOf(node), signal })
  const live = (): NonNullable<Shard['current']>[] => [...shards.values()].flatMap(({ current }) => current ?? [])
  const positions = publishConsumerGroups(admin, live, log)
  const lanesOf = (): LaneHealth[] =>
    [...shards.values()].flatMap(({ number, current }) =>
      [...(current?.lanes.all() ?? [])].map(({ lane }) => ({
        shard: number,
        lane: lane.name,
        filters: [...lane.runners].length,
        lagAlerts: current?.lanes.lag(lane.name) ?? 0,
      })),
    )
  const lagTimer = setInterval(() => {
    for (const { lane, lagAlerts } of lanesOf()) metrics.lag(lane, lagAlerts)
  }, LAG_EVERY_MS)

  return {
    health: async () => ({
      shards: [...shards.values()].map(({ number: shard, current, lastFailure }) => ({
        shard,
        isUp: current !== undefined,
        ...(lastFailure === undefined ? {} : { lastFailure: lastFailure.message }),
      })),
      lanes: lanesOf(),
      posture: await sandbox.posture(),
    }),
    noteMirrorGap: gap => {
      mirrorGaps.note(gap)
      reporters.get(0)?.mirrorGap(gap)
    },
    ended: ended.promise,
    close: async () => {
      clearInterval(lagTimer)
      stop.abort()
      await assigning
      await Promise.all([...shards.keys()].map(end))
      sources.close()
      await assignment.close().catch((error: unknown) => log.warn({ err: error }, 'leaving the workers'))
      await positions.close()
      await burying
      await admin.close().catch(() => undefined)
      ended.resolve()
    },
  }
}
