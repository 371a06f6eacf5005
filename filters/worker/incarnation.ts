// One incarnation of a shard, and where its parts are put together: open the transactional producer `skysieve.<mirror>.<shard>`, which fences the predecessor and
// aborts what it had open; commit a barrier and read the progress partition up to it; open the live lanes at their positions with all their filters loaded; evaluate
// until told to stop, or until what is in memory is in doubt.
import { randomUUID } from 'node:crypto'
import { type BrokerAccess, openProducer, type Stream } from '#hub'
import { type FeedGap, type HubClock } from '#mirrors'
import { type Limits, type Sandbox } from '#sandbox'
import { type Logger } from 'pino'
import { type AwaitedSchemas } from '../batch/awaited-schemas.ts'
import { type ClosingRule } from '../cap/visit-over.ts'
import { Lanes } from '../lanes/lanes.ts'
import { openRelearning } from '../lanes/relearn.ts'
import { type FilterTopics } from '../membership/filter-topics.ts'
import { Membership } from '../membership/membership.ts'
import { type ManifestSource } from '../membership/node-manifests.ts'
import { type Place } from '../membership/place.ts'
import { type SourceLookup } from '../membership/source-lookup.ts'
import { type FilterMetrics } from '../metrics.ts'
import { finite } from '../progress/records.ts'
import { restore } from '../progress/restore.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { type Committed, Committer } from '../publish/committer.ts'
import { type StatusReporter } from './status-reporter.ts'
import { checkTruncation, type FindTopic } from './truncation-check.ts'

/** How often maintenance runs: filters that expire, visits whose time is over. */
const MAINTENANCE_MS = 1000
/** How often it also retires visits and notes how far lanes have read. */
const TIDY_MS = 60_000

export interface IncarnationOptions {
  readonly access: BrokerAccess
  readonly place: Place
  readonly streams: readonly Stream[]
  readonly sandbox: Sandbox
  readonly manifests: ManifestSource
  readonly awaitedSchemas: AwaitedSchemas
  readonly sources: SourceLookup
  readonly topics: FilterTopics
  readonly findTopic: FindTopic
  readonly status: StatusReporter
  readonly metrics: FilterMetrics
  readonly log: Logger
  readonly limits?: Limits
  /** After this time a source that has not arrived is not expected any more. */
  readonly sourceLateMs?: number
  readonly lingerMs?: number
  /** When a visit of a `best` filter is over. */
  readonly closing?: ClosingRule
  readonly hubClock?: Pick<HubClock, 'lateMs'>
  /** Records of visits untouched for this long are deleted. */
  readonly visitRetentionMs: number
  /** Of visits untouched for this long no packet can come any more; longer than the alert topics' retention. */
  readonly packetRetentionMs: number
  readonly signal: AbortSignal
}

/** What the outside may look at. */
export interface LiveShard {
  readonly membership: Membership
  readonly lanes: Lanes
}

const transactionalId = ({ mirror, shard }: Place): string => `skysieve.${mirror}.${shard}`

/**
 * Runs until the signal is aborted. Rejects with FILTER_FENCED when another worker has the shard, with anything else when the shard has to be
 * restored; the caller then starts the next incarnation.
 */
export async function runIncarnation(options: IncarnationOptions, onOpen: (shard: LiveShard) => void): Promise<void> {
  const { access, place, sandbox, manifests, metrics, log } = options
  const { shard } = place
  const incarnation = randomUUID()
  const clientId = `${access.user}.${shard}`
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const doubt = Promise.withResolvers<never>()
  doubt.promise.catch(() => undefined)
  const fail = (error: unknown): void => doubt.reject(error)

  const producer = await openProducer(access, { clientId, transactionalId: transactionalId(place) })
  const cleanUp: (() => Promise<unknown>)[] = [() => producer.close()]
  try {
    const shardState = await restore({
      access,
      producer,
      shard,
      incarnation,
      packetRetentionMs: options.packetRetentionMs,
    })
    log.info({ shard, filters: shardState.filters.size, lanes: shardState.lanes.size }, 'shard restored')
    const onCommit = ({ units, seconds }: Committed): void => metrics.committed(units, seconds)
    const committer = new Committer({ producer, shard, onCommit, onFailure: fail })
    cleanUp.unshift(() => committer.close())
    const topicIds = await checkTruncation(options.streams, {
      shardState,
      committer,
      find: options.findTopic,
      signal,
      onSetback: (topic, { lane, ...gap }) => reportGap(options, lane, topic, { kind: 'gap', ...gap }),
    })
    const lanes: Lanes = new Lanes({
      topicIds,
      reading: {
        access,
        clientId,
        awaitedSchemas: options.awaitedSchemas,
        onSchema: (stream, id, schema) => membership.adopt(stream, id, schema),
        onGap: (lane, topic, gap) => reportGap(options, lane, topic, gap),
        ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
      },
      signal,
      writesDeadLetters: shard === 0,
      capOf: filter => manifests.get(filter)?.cap,
      createTopic: options.topics.create,
      onCounted: filters => options.status.counted(filters),
      onMove: filter => options.status.changed(filter),
      onFailure: fail,
      ...(options.closing === undefined ? {} : { closing: options.closing }),
      ...(options.hubClock === undefined ? {} : { hubClock: options.hubClock }),
      context: {
        shardState,
        committer,
        sandbox,
        relearn: openRelearning({
          sandbox,
          streams: options.streams,
          shardState,
          awaitedSchemas: options.awaitedSchemas,
        }),
        onLearned: (lane, runner) => lanes.learned(lane, runner),
        onFailure: (lane, runner, failure, before) => {
          metrics.failed(runner.id, failure.reason)
          log.warn({ filter: runner.id, reason: failure.reason }, 'filter failed on a batch')
          membership.strike(lane, runner, failure, before)
        },
        onSlow: (lane, runner) => membership.slowed(lane, runner),
        onVerdicts: (runner, verdicts, rows) => {
          const record = shardState.filters.get(runner.id)
          if (record !== undefined) {
            record.cpuMs = finite(record.cpuMs + finite(verdicts.cpuMs))
            record.cpuAlerts = finite(record.cpuAlerts + rows)
          }
          if (verdicts.firstError !== undefined) runner.lastError = verdicts.firstError
          metrics.evaluated(runner.id, verdicts, rows)
        },
        onBatch: (lane, { entries }) => {
          metrics.batch(entries)
          options.status.touched(lane)
          lanes.admitCaughtUp(lane)
        },
      },
    })
    const { limits, topics, status } = options
    const membership = new Membership({
      place,
      streams: options.streams,
      shardState,
      committer,
      sandbox,
      lanes: () => lanes,
      manifestOf: filter => manifests.get(filter),
      sources: options.sources,
      schemaOf: (stream, id) => options.awaitedSchemas.of(stream)(id),
      createTopic: topics.create,
      deleteTopic: topics.delete,
      onChange: filter => status.changed(filter),
      onAway: (filter, reason) => log.warn({ filter, reason }, 'the filter waits'),
      onSchemaProblem: (stream, schema, problem) =>
        log.warn({ stream, schema, problem }, 'filters cannot read all of a schema'),
      onFailure: fail,
      ...(limits === undefined ? {} : { limits }),
      ...(options.sourceLateMs === undefined ? {} : { sourceLateMs: options.sourceLateMs }),
    })
    cleanUp.unshift(async () => {
      // A container filter may wait for an engine that is away: its lane ends when it is unloaded.
      lanes.stopAll()
      await membership.close()
      await lanes.ended()
    })
    status.attach({ shardState, membership, lanes })
    await membership.start([...manifests.entries()].map(([filter]) => filter))
    onOpen({ membership, lanes })
    lanes.deliver()
    const endListening = manifests.onChange(filter => membership.apply(filter))
    let tidyMs = 0
    const maintenance = setInterval(() => {
      const nowMs = Date.now()
      for (const [filter, { expires, handover }] of manifests.entries())
        if (membership.runner(filter) !== undefined && [expires, handover?.until].some(time => isPast(time, nowMs)))
          membership.apply(filter)
      for (const { lane } of lanes.all()) if (lanes.hasVisitsToEnd(lane)) lane.poke()
      if (nowMs < tidyMs) return
      tidyMs = nowMs + TIDY_MS
      const retired = shardState.retire(nowMs - options.visitRetentionMs, nowMs - options.packetRetentionMs, nowMs)
      // How far a lane that has nothing to do has read, too.
      lanes.noteTimes()
      const read = [...lanes.all()].map(({ lane }) => shardState.laneChange(lane.name))
      committer.push([changesOnly(...retired, ...read)])
    }, MAINTENANCE_MS)
    cleanUp.unshift(async () => {
      endListening()
      clearInterval(maintenance)
    })
    await Promise.race([aborted(signal), doubt.promise])
  } finally {
    ending.abort()
    for (const step of cleanUp) await step().catch((error: unknown) => log.warn({ err: error }, 'closing a shard'))
  }
}

function reportGap({ metrics, log, status }: IncarnationOptions, lane: string, topic: string, gap: FeedGap): void {
  const { partition, from, to } = gap
  // A topic that was made anew or lost records goes back; how many alerts that were, nobody knows.
  metrics.gap(topic, to > from ? to - from : 1n)
  status.gap(lane, topic, gap)
  log.error(
    { lane, topic, partition, from: String(from), to: String(to) },
    'alerts were gone before they were evaluated',
  )
}

const isPast = (time: string | undefined, nowMs: number): boolean => time !== undefined && Date.parse(time) <= nowMs

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
