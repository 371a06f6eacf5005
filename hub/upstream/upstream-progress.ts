// What an upstream has brought so far, as records of skysieve.upstreams on the hub. They are written in the transactions that hold its packets, so that
// after a kill both are there or neither.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { readToBarrier } from '../control-topics/read-to-barrier.ts'
import { HubError } from '../errors.ts'
import { type TopicSpec } from '../kafka/admin/topics.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type LogRecord } from '../kafka/consume/committed-records.ts'
import { type Message } from '../kafka/produce/messages.ts'
import { type Producer } from '../kafka/produce/producer.ts'

/** `progress/<upstream>` and `gap/<upstream>/<partition>/<from>`; written by upstreams alone. */
export const UPSTREAMS_TOPIC = 'skysieve.upstreams'

/** A record each commit: cleaned often, so that what a start reads stays short. */
export const upstreamsTopic: TopicSpec = {
  name: UPSTREAMS_TOPIC,
  partitions: 1,
  configs: {
    'cleanup.policy': 'compact',
    'segment.bytes': 16 * 1024 * 1024,
    'segment.ms': 600_000,
    'min.cleanable.dirty.ratio': 0.1,
  },
}

/** What the transactional ids of upstreams begin with. */
export const UPSTREAM_TRANSACTIONAL_IDS = 'skysieve.upstream.'
/** An upstream's loop writes with it; a second one fences the first off. */
export const upstreamTransactionalId = (name: string): string => UPSTREAM_TRANSACTIONAL_IDS + name

const Offset = Type.String({ pattern: '^\\d{1,19}$' })
const ProgressJson = Type.Object({
  topic: Type.String(),
  topicId: Type.String(),
  /** Partition → where to read on, and the time of the newest packet before. */
  partitions: Type.Record(
    Type.String({ pattern: '^\\d{1,6}$' }),
    Type.Object({ next: Offset, lastMs: Type.Optional(Type.Number()) }),
  ),
  packets: Type.Integer(),
  bytes: Type.Integer(),
  deadLetters: Type.Integer(),
})
const GapJson = Type.Object({
  partition: Type.Integer(),
  from: Offset,
  to: Offset,
  atMs: Type.Number(),
  sinceMs: Type.Optional(Type.Number()),
  untilMs: Type.Optional(Type.Number()),
})

/** Where a partition of the survey's topic is read on. */
export interface PartitionProgress {
  readonly next: bigint
  /** Record timestamp of the newest packet before it, ms since 1970. */
  readonly lastMs?: number
}

export interface UpstreamProgress {
  /** The survey's topic and its identity: one that was made anew under its name has another. */
  readonly topic: string
  readonly topicId: string
  readonly partitions: ReadonlyMap<number, PartitionProgress>
  /** Packets that came into the hub's topic, their bytes, and records that are dead letters, since the upstream began. */
  readonly packets: number
  readonly bytes: number
  readonly deadLetters: number
}

/** Packets that were gone at the survey before they were read; an unknown number where `to` is not above `from`. */
export interface UpstreamGap {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
  /** When it was noticed, ms since 1970. */
  readonly atMs: number
  /** Record timestamps of the newest packet before it and of the first after it. */
  readonly sinceMs?: number
  readonly untilMs?: number
}

const progressKey = (name: string): string => `progress/${name}`
const gapPrefix = (name: string): string => `gap/${name}/`

const gapKey = (name: string, { partition, from }: Pick<UpstreamGap, 'partition' | 'from'>): string =>
  `${gapPrefix(name)}${partition}/${from}`

const record = (key: string, value: object | null): Message => ({
  topic: UPSTREAMS_TOPIC,
  partition: 0,
  key,
  value: value === null ? null : JSON.stringify(value),
})

export const progressMessage = (name: string, { partitions, ...rest }: UpstreamProgress): Message =>
  record(progressKey(name), {
    ...rest,
    partitions: Object.fromEntries(
      [...partitions].map(([partition, { next, ...more }]) => [partition, { next: String(next), ...more }]),
    ),
  })

/** One gap has one key, however often it is written: what is not known of it at first is added. */
export const gapMessage = (name: string, gap: UpstreamGap): Message =>
  record(gapKey(name, gap), { ...gap, from: String(gap.from), to: String(gap.to) })

/** Takes a gap out again: only so many are kept. */
export const forgottenGapMessage = (name: string, gap: UpstreamGap): Message => record(gapKey(name, gap), null)

/** Checks a record's value against its schema. Throws HubError HUB_CONTROL_RECORD. */
const parse = <S extends typeof ProgressJson | typeof GapJson>(schema: S, value: Buffer | null): Static<S> => {
  try {
    const parsed: unknown = JSON.parse(String(value))
    if (Value.Check(schema, parsed)) return parsed
    throw new TypeError('other fields')
  } catch (cause) {
    throw new HubError(
      'HUB_CONTROL_RECORD',
      `A record of ${UPSTREAMS_TOPIC} cannot be read; nothing but an upstream may write there`,
      { cause },
    )
  }
}

const parseProgress = (value: Buffer | null): UpstreamProgress => {
  const { partitions, topic, topicId, packets, bytes, deadLetters } = parse(ProgressJson, value)
  const read = Object.entries(partitions).map(
    ([partition, { next, ...more }]) => [Number(partition), { next: BigInt(next), ...more }] as const,
  )
  return { topic, topicId, packets, bytes, deadLetters, partitions: new Map(read) }
}

const parseGap = (value: Buffer | null): UpstreamGap => {
  const { partition, from, to, atMs, sinceMs, untilMs } = parse(GapJson, value)
  return {
    partition,
    from: BigInt(from),
    to: BigInt(to),
    atMs,
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
  }
}

export interface RestoredUpstream {
  /** Undefined for one that has never brought anything. */
  readonly progress: UpstreamProgress | undefined
  /** Oldest first. */
  readonly gaps: readonly UpstreamGap[]
}

/** Commits a barrier and reads up to it. `producer` has the upstream's transactional id. Throws HubError HUB_CONTROL_RECORD, HUB_UNREACHABLE. */
export const restoreUpstream = async (
  access: BrokerAccess,
  producer: Producer,
  name: string,
  incarnation: string,
): Promise<RestoredUpstream> => {
  let progress: UpstreamProgress | undefined
  const gaps = new Map<string, UpstreamGap>()
  const take = ({ key, value }: LogRecord): void => {
    const text = String(key)
    if (text === progressKey(name)) progress = value === null ? undefined : parseProgress(value)
    else if (text.startsWith(gapPrefix(name)) && value === null) gaps.delete(text)
    else if (text.startsWith(gapPrefix(name))) gaps.set(text, parseGap(value))
  }
  await readToBarrier({
    access,
    clientId: `${access.user}.progress`,
    producer,
    topic: UPSTREAMS_TOPIC,
    barrierKey: `barrier/${name}`,
    incarnation,
    take,
  })
  return { progress, gaps: [...gaps.values()].toSorted((a, b) => a.atMs - b.atMs) }
}
