// The exact offset at which each partition is begun. Asked once, when the feed opens, so that a restart can be told from a jump.
import { type OffsetQuery, type TopicLog } from '#hub'
import { MirrorError } from '../errors.ts'
import { type StartPosition } from './feed.ts'

const keyOf = (question: OffsetQuery): string =>
  typeof question === 'object' ? String(question.timestampMs) : question

/**
 * Looks the positions up. Exact ones are taken as they are; whether the log still has them shows when they are read.
 * Throws MirrorError MIRROR_FEED_TOPIC for a partition the topic lacks, and HubErrors.
 */
export const resolveStartOffsets = async (
  log: Pick<TopicLog, 'offsets'>,
  topic: string,
  partitions: readonly number[],
  from: StartPosition | ReadonlyMap<number, StartPosition>,
  otherwise: StartPosition,
): Promise<Map<number, bigint>> => {
  const wanted = from instanceof Map ? (from as ReadonlyMap<number, StartPosition>) : undefined
  const strange = [...(wanted?.keys() ?? [])].filter(partition => !partitions.includes(partition))
  if (strange.length > 0)
    throw new MirrorError(
      'MIRROR_FEED_TOPIC',
      `${topic} has ${partitions.length} partitions, and positions are given for ${strange.join(', ')}; the topic was made anew with fewer`,
    )
  const starts = new Map<number, bigint>()
  const questions = new Map<string, { readonly question: OffsetQuery; readonly partitions: number[] }>()
  for (const partition of partitions) {
    const start = wanted === undefined ? (from as StartPosition) : (wanted.get(partition) ?? otherwise)
    if (typeof start === 'bigint') starts.set(partition, start)
    else {
      const same = questions.get(keyOf(start)) ?? { question: start, partitions: [] }
      same.partitions.push(partition)
      questions.set(keyOf(start), same)
    }
  }
  for (const { question, partitions: asked } of questions.values())
    for (const [partition, offset] of await log.offsets(question, asked)) starts.set(partition, offset)
  return new Map([...starts].toSorted(([a], [b]) => a - b))
}
