// One incarnation of an upstream: it fences its predecessor off, reads on where that one committed, and copies batch after batch until it is told to stop
// or does not know whether a commit succeeded. Packets, dead letters, gaps and positions are one Kafka transaction of the hub: whatever is killed when, a
// portion is committed as a whole or read again.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterAdmin, openAdmin } from '../kafka/admin/open-admin.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type BatchLimits, commitBatches, type PacketFeed } from '../kafka/consume/commit-batches.ts'
import { type Message } from '../kafka/produce/messages.ts'
import { openProducer } from '../kafka/produce/producer.ts'
import { sendInTransaction } from '../kafka/produce/send-in-transaction.ts'
import { HubError } from '../errors.ts'
import { advance, startPoint, type StartPoint, type SurveyTopic, type UpstreamState } from './advance-progress.ts'
import { type Converter } from './converter.ts'
import { cutPortions, type ReadyPortion } from './cut-portions.ts'
import { type UpstreamMetrics } from './metrics.ts'
import {
  gapMessage,
  forgottenGapMessage,
  progressMessage,
  restoreUpstream,
  upstreamTransactionalId,
} from './upstream-progress.ts'
import { upstreamAccess, type UpstreamSettings } from './upstream-settings.ts'

/** A transaction may have as much; while one is committed the next one fills. */
const LIMITS: BatchLimits = { maxPackets: 1000, maxBytes: 16 * 1024 * 1024, lingerMs: 10 }
/** A leader that just changed may know an older end for a moment. */
const SHORTER_MS = 5000

/** A survey's topic, read from a position. */
export interface UpstreamFeed extends PacketFeed {
  /** The exact offset at which each partition began. */
  readonly starts: ReadonlyMap<number, bigint>
}

/** Where a survey's topic is read from; a partition that a map lacks from its first record. */
export type ReadFrom = 'earliest' | 'latest' | { readonly timestampMs: number } | ReadonlyMap<number, bigint>

export interface IncarnationOptions {
  readonly name: string
  readonly settings: UpstreamSettings
  /** The hub's broker. */
  readonly hub: BrokerAccess
  readonly converter: (signal: AbortSignal) => Promise<Converter>
  readonly openFeed: (from: ReadFrom, signal: AbortSignal) => Promise<UpstreamFeed>
  readonly metrics: UpstreamMetrics
}

/** Asks for the survey's topic as it is now. Throws HubError HUB_UNREACHABLE, HUB_NOT_AUTHORIZED, HUB_TOPIC_UNKNOWN. */
export const lookAtSurvey = async (admin: ClusterAdmin, topic: string): Promise<SurveyTopic> => {
  const topicId = await admin.topicId(topic)
  if (topicId === undefined)
    throw new HubError('HUB_TOPIC_UNKNOWN', `The survey has no topic ${topic} any more, or its user may not see it`)
  const firsts = await admin.offsets(topic, 'earliest')
  const ends = await admin.offsets(topic, 'latest', 'uncommitted')
  return { topic, topicId, firsts, ends }
}

const readFrom = ({ from }: UpstreamSettings): ReadFrom =>
  typeof from === 'object' ? { timestampMs: Date.parse(from.time) } : from

/** Runs until the signal; `onState` is told what is committed. Rejects with HUB_FENCED when another process has the upstream, with anything else when a new incarnation has to begin. */
export const runUpstreamIncarnation = async (
  options: IncarnationOptions,
  onState: (state: UpstreamState) => void,
  signal: AbortSignal,
): Promise<void> => {
  const { name, settings, hub, metrics } = options
  const producer = await openProducer(hub, {
    clientId: `${hub.user}.${name}`,
    transactionalId: upstreamTransactionalId(name),
  })
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const admin = openAdmin(upstreamAccess(settings), `${settings.user}.skysieve`)
  let committing: Promise<void> = Promise.resolve()

  const begin = async (): Promise<{ readonly feed: UpstreamFeed; state: UpstreamState }> => {
    const restored = await restoreUpstream(hub, producer, name, randomUUID())
    let survey = await lookAtSurvey(admin, settings.topic)
    let start = startPoint(restored.progress, survey)
    if (isShorter(start, survey)) {
      await sleep(SHORTER_MS, undefined, { signal: either })
      survey = await lookAtSurvey(admin, settings.topic)
      start = startPoint(restored.progress, survey)
    }
    const { topic, topicId } = survey
    const before = restored.progress ?? { topic, topicId, partitions: new Map(), packets: 0, bytes: 0, deadLetters: 0 }
    const feed = await options.openFeed(start.kind === 'begin' ? readFrom(settings) : start.from, either)
    const known = start.kind === 'begin' ? new Map() : before.partitions
    const state = { progress: { ...before, topic, topicId, partitions: known }, gaps: restored.gaps }
    const moved = advance(
      state,
      {
        packets: [],
        next: feed.starts,
        gaps: start.kind === 'begin' ? [] : start.gaps,
        made: { packets: 0, bytes: 0, deadLetters: 0 },
      },
      Date.now(),
    )
    // From here on a start finds where this one began, whatever is at the survey's end then.
    await sendInTransaction(producer, recordsOf(name, moved))
    return { feed, state: moved.state }
  }

  try {
    const { feed, state: first } = await begin()
    let state = first
    onState(state)
    const { prepare, convert, letterOf } = await options.converter(either)
    const commit = async (portion: ReadyPortion, release: () => void): Promise<void> => {
      const beganMs = performance.now()
      const moved = advance(state, portion, Date.now())
      await sendInTransaction(producer, [...portion.messages, ...portion.letters, ...recordsOf(name, moved)])
      ;({ state } = moved)
      if (portion.isLast) release()
      metrics.committed(name, portion, (performance.now() - beganMs) / 1000)
      onState(state)
    }
    for await (const batch of commitBatches(feed, LIMITS)) {
      await prepare(batch.packets)
      for await (const portion of cutPortions(batch, convert, letterOf)) {
        await committing
        committing = commit(portion, batch.release)
        // Told when the next portion is ready; until then the feed fills.
        committing.catch(() => failed.abort())
      }
    }
    await committing
  } catch (error) {
    // The first failure counts, not what it made fail.
    await committing
    if (!signal.aborted) throw error
  } finally {
    failed.abort()
    await committing.catch(() => undefined)
    await Promise.all([producer.close(), admin.close()].map(one => one.catch(() => undefined)))
  }
}

const recordsOf = (name: string, { state, changed, forgotten }: ReturnType<typeof advance>): Message[] => [
  ...changed.map(gap => gapMessage(name, gap)),
  ...forgotten.map(gap => forgottenGapMessage(name, gap)),
  progressMessage(name, state.progress),
]

/** The survey's topic is the same and ends before what was read of it. */
const isShorter = (start: StartPoint, { ends }: SurveyTopic): boolean =>
  start.kind === 'go-on' && start.gaps.some(({ partition, to }) => to === ends.get(partition))
