// What an upstream has brought, moved on by what is about to be committed. Pure.
import { type PacketGap } from '../kafka/consume/commit-batches.ts'
import { type UpstreamPacket } from './convert-packets.ts'
import { type PartitionProgress, type UpstreamGap, type UpstreamProgress } from './upstream-progress.ts'

/** Gaps that are kept. */
const MAX_GAPS = 100

export interface UpstreamState {
  readonly progress: UpstreamProgress
  /** Oldest first. */
  readonly gaps: readonly UpstreamGap[]
}

/** What one transaction takes on. */
export interface Portion {
  /** Records of the survey that it handles, in the order of each partition. */
  readonly packets: readonly UpstreamPacket[]
  /** Partition → where to read on. */
  readonly next: ReadonlyMap<number, bigint>
  readonly gaps: readonly PacketGap[]
  /** What comes of them: messages, their bytes, dead letters. */
  readonly made: { readonly packets: number; readonly bytes: number; readonly deadLetters: number }
}

export interface Advanced {
  readonly state: UpstreamState
  /** Gaps to write: new ones, and older ones of which more is known now. */
  readonly changed: readonly UpstreamGap[]
  /** The oldest, where there are too many. */
  readonly forgotten: readonly UpstreamGap[]
}

export const advance = ({ progress, gaps }: UpstreamState, portion: Portion, nowMs: number): Advanced => {
  const byPartition = Map.groupBy(portion.packets, ({ partition }) => partition)
  const partitions = new Map(progress.partitions)
  for (const [partition, next] of portion.next) {
    const lastMs = byPartition.get(partition)?.at(-1)?.timestampMs ?? partitions.get(partition)?.lastMs
    partitions.set(partition, partitionProgress(next, lastMs))
  }
  const begun = portion.gaps.map(({ partition, from, to }): UpstreamGap => {
    const before = byPartition.get(partition)?.findLast(({ offset }) => offset < from)
    const sinceMs = before?.timestampMs ?? progress.partitions.get(partition)?.lastMs
    return { partition, from, to, atMs: nowMs, ...(sinceMs === undefined ? {} : { sinceMs }) }
  })
  const all = [...gaps, ...begun]
  const changed: UpstreamGap[] = []
  const after = all.map((gap, at) => {
    const first =
      gap.untilMs === undefined
        ? byPartition.get(gap.partition)?.find(({ offset }) => offset >= gap.to)?.timestampMs
        : undefined
    const known = first === undefined ? gap : { ...gap, untilMs: first }
    if (first !== undefined || at >= gaps.length) changed.push(known)
    return known
  })
  const forgotten = after.slice(0, Math.max(0, after.length - MAX_GAPS))
  const { made } = portion
  return {
    state: {
      progress: {
        ...progress,
        partitions,
        packets: progress.packets + made.packets,
        bytes: progress.bytes + made.bytes,
        deadLetters: progress.deadLetters + made.deadLetters,
      },
      gaps: after.slice(forgotten.length),
    },
    changed: changed.filter(gap => !forgotten.includes(gap)),
    forgotten,
  }
}

const partitionProgress = (next: bigint, lastMs: number | undefined): PartitionProgress => ({
  next,
  ...(lastMs === undefined ? {} : { lastMs }),
})

/** How the survey's topic is now. */
export interface SurveyTopic {
  readonly topic: string
  /** Its identity. */
  readonly topicId: string
  /** Offsets of the first records there are, and of the ends, open transactions included. */
  readonly firsts: ReadonlyMap<number, bigint>
  readonly ends: ReadonlyMap<number, bigint>
}

export type StartPoint =
  /** Nothing of this topic was taken: the settings say where to begin. */
  | { readonly kind: 'begin' }
  /** `gaps`: where it cannot be read on as it was. */
  | { readonly kind: 'go-on'; readonly from: ReadonlyMap<number, bigint>; readonly gaps: readonly PacketGap[] }

/**
 * Where to read on. A topic that was made anew is read from its first record, and one that lost records at its end goes on there; how many packets
 * are missing is then not known, and their gap says so by an end that is not above its beginning.
 */
export const startPoint = (progress: UpstreamProgress | undefined, survey: SurveyTopic): StartPoint => {
  if (progress === undefined || progress.topic !== survey.topic) return { kind: 'begin' }
  const isAnew = progress.topicId !== survey.topicId
  const from = new Map<number, bigint>()
  const gaps: PacketGap[] = []
  for (const [partition, first] of survey.firsts) {
    const next = progress.partitions.get(partition)?.next
    const end = survey.ends.get(partition) ?? first
    const start = isAnew ? first : next !== undefined && next > end ? end : next
    if (start === undefined) continue
    from.set(partition, start)
    if (next !== undefined && next !== start)
      gaps.push({ kind: 'gap', partition, from: next, to: start < next ? start : next })
  }
  return { kind: 'go-on', from, gaps }
}
