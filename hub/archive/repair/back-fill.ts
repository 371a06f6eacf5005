// Fills holes of an archive from its topic, as far back as the hub still has it. Writes no notices: only the archiver does.
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { readTopic } from './read-topic.ts'
import { openBatchArchiver, type ArchiveOutcome, type BatchArchiverOptions } from '../ingest/archive-batch.ts'
import { type SkyIndex } from '../index/sky-index.ts'

/** What became of the topic's packets. */
export interface BackFilled {
  readonly packets: number
  readonly stored: number
  readonly repeats: number
  /** Torn objects that were replaced. */
  readonly healed: number
  readonly conflicts: number
  readonly unreadable: number
}

export interface BackFillOptions extends BatchArchiverOptions {
  readonly access: BrokerAccess
  readonly index: SkyIndex
  /** Offsets done, and all there are. */
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

/**
 * Archives what the topic has and the archive has not, beside a running archiver or without one. It can be repeated, and ended by the signal after
 * any page. Throws HubError where broker or archive fail.
 */
export const backFill = async (options: BackFillOptions): Promise<BackFilled> => {
  const { access, stream, store, index, onProgress, signal } = options
  const batchArchiver = openBatchArchiver(options)
  const counts = { packets: 0, stored: 0, repeat: 0, healed: 0, conflict: 0, unreadable: 0 }
  const { offsets, pages } = await readTopic(access, stream.topic, signal)
  for await (const { packets, done } of pages) {
    const outcomes = await batchArchiver.archiveBatch(packets)
    await store.sync()
    const rows = outcomes.flatMap(one => ('row' in one ? [one.row] : []))
    index.add(rows, batchArchiver.otherObjects(outcomes))
    batchArchiver.indexed(rows)
    counts.packets += packets.length
    for (const { kind } of outcomes satisfies readonly ArchiveOutcome[]) counts[kind]++
    onProgress?.(done, offsets)
  }
  const { packets, stored, healed, unreadable } = counts
  return { packets, stored, repeats: counts.repeat, healed, conflicts: counts.conflict, unreadable }
}
