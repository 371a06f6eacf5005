// One life of a stream's archiver: fence the predecessor, read on where it committed, archive group after group until told to stop or in doubt.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { type Message } from '../../kafka/produce/messages.ts'
import { openProducer } from '../../kafka/produce/producer.ts'
import { sendCommitted } from '../../kafka/produce/send-in-transaction.ts'
import { encodeNotice, noticeOf, noticesTopic } from '../../notices/notice.ts'
import { archiverTransactionalId, positionsMessage, restorePositions } from './archiver-positions.ts'
import { type Stream } from '../../streams.ts'
import { type ArchiveMetrics } from './metrics.ts'
import { gather, type GroupLimits, type PacketFeed, type PacketGroup } from './commit-batches.ts'
import { openShelver, type Shelved } from './archive-batch.ts'
import { type SkyIndex } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

/** Where packets go that could not be read, with the reason in their headers. */
export const HUB_DEAD_LETTERS = 'skysieve.hub-dead-letters'

/** Under load a group is some 30 MB: few enough flushes and commits, early enough for notices within 2 s. */
const LIMITS: GroupLimits = { maxPackets: 256, maxBytes: 32 * 1024 * 1024, lingerMs: 100 }
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

export interface LifeOptions {
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
  readonly limits?: Partial<GroupLimits>
  /** Of gzip. */
  readonly level?: number
}

/** What a life tells as it goes. */
export interface LifeEvents {
  /** Everything before these positions is archived, indexed and announced. */
  readonly onCommit: (positions: Offsets) => void
  /** Ids came again with other bytes. */
  readonly onConflicts: (count: number) => void
  /** Why nothing can be written to the archive; undefined when it can again. */
  readonly onTrouble: (problem: string | undefined) => void
}

/** Runs until the signal. Rejects with HUB_FENCED when another archiver has the stream, with anything else when a new life has to begin. */
export const archiveLife = async (options: LifeOptions, events: LifeEvents, signal: AbortSignal): Promise<void> => {
  const { access, stream, store, index, metrics, log } = options
  const { name } = stream
  const clientId = `${access.user}.${name}`
  const producer = await openProducer(access, { clientId, transactionalId: archiverTransactionalId(name) })
  const life = new AbortController()
  const either = AbortSignal.any([signal, life.signal])
  const shelver = openShelver(options)

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
        if (said === '') log.error({ stream: name, err: error }, 'the archive waits')
        said = error.message
        await sleep(pauseMs, undefined, { signal: either })
      }
    }
  }

  const positions = new Map<number, bigint>()

  const commit = async (group: PacketGroup, shelved: readonly Shelved[], takenMs: number): Promise<void> => {
    await persist(() => store.sync())
    const rows = shelved.flatMap(one => ('row' in one ? [one.row] : []))
    await persist(() => index.add(rows, shelver.others(shelved)))
    for (const [partition, next] of group.next) positions.set(partition, next)
    const notices = shelved.flatMap(one => noticeMessages(name, options.noticeSchemaId(), one))
    const letters = shelved.flatMap(one => letterMessages(stream.topic, one))
    await sendCommitted(producer, [...notices, ...letters, positionsMessage(name, positions)])
    shelver.indexed(rows)
    group.release()
    metrics.committed(name, shelved, (performance.now() - takenMs) / 1000)
    const conflicts = shelved.filter(({ kind }) => kind === 'conflict').length
    if (conflicts > 0) events.onConflicts(conflicts)
    events.onCommit(positions)
  }

  let committing: Promise<void> = Promise.resolve()
  try {
    const restored = await restorePositions({ access, producer, stream: name, incarnation: randomUUID() })
    for (const [partition, offset] of restored) positions.set(partition, offset)
    events.onCommit(positions)
    const feed = await options.openFeed(positions, either)
    for await (const group of gather(feed, { ...LIMITS, ...options.limits })) {
      const takenMs = performance.now()
      for (const { partition, from, to } of group.gaps) {
        metrics.gap(name, to - from)
        log.error(
          { topic: stream.topic, partition, from: String(from), to: String(to) },
          'alerts were gone before they were archived',
        )
      }
      const shelved = await persist(() => shelver.shelve(group.packets))
      for (const one of shelved) report(log, name, one)
      await committing
      committing = commit(group, shelved, takenMs)
      // Told when the next group is ready; until then the feed fills.
      committing.catch(() => life.abort())
    }
    await committing
  } catch (error) {
    // The first failure counts, not what it made fail.
    await committing
    if (!signal.aborted) throw error
  } finally {
    life.abort()
    await committing.catch(() => undefined)
    await producer.close().catch(() => undefined)
  }
}

const noticeMessages = (stream: string, schemaId: number, one: Shelved): Message[] => {
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

const letterMessages = (topic: string, one: Shelved): Message[] => {
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

const report = (log: Logger, stream: string, one: Shelved): void => {
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
