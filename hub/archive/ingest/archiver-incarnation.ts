// One incarnation of a stream's archiver: it fences its predecessor off, reads on where that one committed, and archives batch after batch until it is
// told to stop or does not know whether a commit succeeded. The order of a commit is the store's flush, rows into the index, and then one Kafka transaction
// with notices, dead letters and positions: whatever is killed when, a batch is committed as a whole or read again, and reading again changes nothing.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { type Message } from '../../kafka/produce/messages.ts'
import { openProducer } from '../../kafka/produce/producer.ts'
import { sendInTransaction } from '../../kafka/produce/send-in-transaction.ts'
import { encodeNotice, noticeOf, noticesTopic } from '../../notices/notice.ts'
import { archiverTransactionalId, positionsMessage, restorePositions } from './archiver-positions.ts'
import { type Stream } from '../../streams.ts'
import { type ArchiveMetrics } from './metrics.ts'
import {
  commitBatches,
  type BatchLimits,
  type PacketFeed,
  type CommitBatch,
} from '../../kafka/consume/commit-batches.ts'
import { openBatchArchiver, type ArchiveOutcome } from './archive-batch.ts'
import { type SkyIndex } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

/** Where packets go that could not be read, with the reason in their headers. */
export const HUB_DEAD_LETTERS = 'skysieve.hub-dead-letters'

/** Under load a batch is some 30 MB: few enough flushes and commits, and notices within 2 s. */
const LIMITS: BatchLimits = { maxPackets: 256, maxBytes: 32 * 1024 * 1024, lingerMs: 100 }
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

export interface IncarnationOptions {
  /** The hub's broker. */
  readonly access: BrokerAccess
  readonly stream: Stream
  readonly store: ArchiveStore
  readonly index: SkyIndex
  readonly schemaOf: (id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>
  /** Reads the stream's topic at these positions; a partition without one from its first record. */
  readonly openFeed: (from: Offsets, signal: AbortSignal) => Promise<PacketFeed>
  /** Id of the notices' schema in the registry. */
  readonly noticeSchemaId: () => number
  readonly metrics: ArchiveMetrics
  readonly log: Logger
  readonly limits?: Partial<BatchLimits>
  /** Of gzip. */
  readonly level?: number
}

/** What an incarnation tells as it goes. */
export interface IncarnationEvents {
  /** Everything before these positions is archived, indexed and announced. */
  readonly onCommit: (positions: Offsets) => void
  /** Ids came again with other bytes. */
  readonly onConflicts: (count: number) => void
  /** Why nothing can be written to the archive; undefined when it can again. */
  readonly onTrouble: (problem: string | undefined) => void
}

/** Runs until the signal. Rejects with HUB_FENCED when another archiver has the stream, with anything else when a new incarnation has to begin. */
export const runArchiverIncarnation = async (
  options: IncarnationOptions,
  events: IncarnationEvents,
  signal: AbortSignal,
): Promise<void> => {
  const { access, stream, store, index, metrics, log } = options
  const { name } = stream
  const clientId = `${access.user}.${name}`
  const producer = await openProducer(access, { clientId, transactionalId: archiverTransactionalId(name) })
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const batchArchiver = openBatchArchiver(options)

  /** The archive's volume may be full or its server away: nothing is skipped, the hub's topic keeps what comes. */
  const persist = async <T>(action: () => T | Promise<T>): Promise<T> => {
    for (let pauseMs = FIRST_PAUSE_MS, said = ''; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      either.throwIfAborted()
      try {
        const result = await action()
        if (said !== '') log.info({ stream: name }, 'the archive can be written to again')
        events.onTrouble(undefined)
        return result
      } catch (error) {
        if (!(error instanceof HubError) || !error.code.startsWith('HUB_ARCHIVE_')) throw error
        events.onTrouble(error.message)
        if (said === '') log.error({ stream: name, err: error }, 'the archive cannot be written to; archiving waits')
        said = error.message
        await sleep(pauseMs, undefined, { signal: either })
      }
    }
  }

  const positions = new Map<number, bigint>()

  const commit = async (batch: CommitBatch, outcomes: readonly ArchiveOutcome[], takenMs: number): Promise<void> => {
    await persist(() => store.sync())
    const rows = outcomes.flatMap(one => ('row' in one ? [one.row] : []))
    await persist(() => index.add(rows, batchArchiver.otherObjects(outcomes)))
    for (const [partition, next] of batch.next) positions.set(partition, next)
    const notices = outcomes.flatMap(one => noticeMessages(name, options.noticeSchemaId(), one))
    const letters = outcomes.flatMap(one => deadLetterMessages(stream.topic, one))
    await sendInTransaction(producer, [...notices, ...letters, positionsMessage(name, positions)])
    batchArchiver.indexed(rows)
    batch.release()
    metrics.committed(name, outcomes, (performance.now() - takenMs) / 1000)
    const conflicts = outcomes.filter(({ kind }) => kind === 'conflict').length
    if (conflicts > 0) events.onConflicts(conflicts)
    events.onCommit(positions)
  }

  let committing: Promise<void> = Promise.resolve()
  try {
    const restored = await restorePositions({ access, producer, stream: name, incarnation: randomUUID() })
    for (const [partition, offset] of restored) positions.set(partition, offset)
    events.onCommit(positions)
    const feed = await options.openFeed(positions, either)
    for await (const batch of commitBatches(feed, { ...LIMITS, ...options.limits })) {
      const takenMs = performance.now()
      for (const { partition, from, to } of batch.gaps) {
        metrics.gap(name, to - from)
        log.error(
          { topic: stream.topic, partition, from: String(from), to: String(to) },
          'alerts were gone before they were archived',
        )
      }
      const outcomes = await persist(() => batchArchiver.archiveBatch(batch.packets))
      for (const one of outcomes) report(log, name, one)
      await committing
      committing = commit(batch, outcomes, takenMs)
      // Told when the next batch is ready; until then the feed fills.
      committing.catch(() => failed.abort())
    }
    await committing
  } catch (error) {
    // The first failure counts, not what it made fail.
    await committing
    if (!signal.aborted) throw error
  } finally {
    failed.abort()
    await committing.catch(() => undefined)
    await producer.close().catch(() => undefined)
  }
}

const noticeMessages = (stream: string, schemaId: number, one: ArchiveOutcome): Message[] => {
  if (!('row' in one) || !one.isFirst) return []
  const { facts, packet } = one
  return [
    {
      topic: noticesTopic(stream),
      partition: 0,
      value: encodeNotice(schemaId, noticeOf(stream, facts, one.schemaId, packet.value.length)),
      headers: {
        'skysieve-source': `${packet.partition}-${packet.offset}`,
        'skysieve-packet-timestamp': String(packet.timestampMs),
      },
    },
  ]
}

const deadLetterMessages = (topic: string, one: ArchiveOutcome): Message[] => {
  if (one.kind !== 'unreadable') return []
  const { packet, error } = one
  return [
    {
      topic: HUB_DEAD_LETTERS,
      value: packet.value,
      timestampMs: packet.timestampMs,
      headers: {
        ...packet.headers,
        'skysieve-reason': error.code,
        'skysieve-message': error.message,
        'skysieve-source': `${topic}-${packet.partition}-${packet.offset}`,
      },
    },
  ]
}

const report = (log: Logger, stream: string, one: ArchiveOutcome): void => {
  const at = { stream, partition: one.packet.partition, offset: String(one.packet.offset) }
  if (one.kind === 'conflict')
    log.error(
      { ...at, alert: String(one.id), aside: one.key },
      'an id came again with other bytes, which are set aside',
    )
  else if (one.kind === 'healed')
    log.warn({ ...at, alert: String(one.facts.id) }, 'a torn object of the archive is replaced')
  else if (one.kind === 'unreadable')
    log.warn(
      { ...at, code: one.error.code, reason: one.error.message },
      'a packet that cannot be read is a dead letter',
    )
}
