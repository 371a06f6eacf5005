// Archives a batch of packets. In: packets as received. Out: what became of each: stored, a repeat of what is there, in conflict with it (kept under a
// key of its own), or unreadable (the caller writes a dead letter). A packet is parsed, compressed and stored once, and never overwritten.
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, gunzip, gzip, type ZlibOptions } from 'node:zlib'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { readFrame } from '../../packet-frame.ts'
import { type Stream } from '../../streams.ts'
import { type AlertFacts, openFactsReader } from '../../notices/alert-facts.ts'
import { conflictKey, packetKey, schemaKey } from '../store/object-keys.ts'
import { type OtherObject, SCHEMA_HELD_MS } from '../index/other-objects.ts'
import { type ReceivedPacket } from '../../kafka/consume/commit-batches.ts'
import { type SkyIndex, type SkyRow } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** A record and its partition. */
export type PacketAt = ReceivedPacket & { readonly partition: number }

/** What became of a packet. */
export type ArchiveOutcome =
  | {
      /** `stored` now, or a `repeat` of what was there; `healed`: what was there was torn, and is replaced. */
      readonly kind: 'stored' | 'repeat' | 'healed'
      readonly packet: PacketAt
      readonly schemaId: number
      readonly facts: AlertFacts
      readonly row: SkyRow
      /** Whether this record is the one the alert came in first: only that one gets a notice. */
      readonly isFirst: boolean
    }
  | {
      readonly kind: 'conflict'
      readonly packet: PacketAt
      readonly schemaId: number
      readonly id: bigint
      readonly key: string
      readonly bytes: number
    }
  | { readonly kind: 'unreadable'; readonly packet: PacketAt; readonly error: HubError }

export interface BatchArchiverOptions {
  readonly stream: Stream
  readonly store: ArchiveStore
  readonly index: Pick<SkyIndex, 'get' | 'add'>
  /** Waits, bounded, for an id that is not known; undefined where there is none. */
  readonly schemaOf: (id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>
  /** Of gzip: 1 to 9. */
  readonly level?: number
  /** Milliseconds since 1970; a test's clock. */
  readonly now?: () => number
}

export interface BatchArchiver {
  /** Archives packets; they are readable when it resolves, durable after the store's `sync`. Throws HubError HUB_ARCHIVE_…; it can be repeated. */
  archiveBatch: (packets: readonly PacketAt[]) => Promise<readonly ArchiveOutcome[]>
  /** Objects that are no packets of the index, to be added to it: schemas that were used, and packets set aside. */
  otherObjects: (outcomes: readonly ArchiveOutcome[]) => readonly OtherObject[]
  /** Says that the rows are in the index. Until then it is remembered here in which record each alert came first. */
  indexed: (rows: readonly SkyRow[]) => void
}

/** As many packets are compressed and stored at a time. More brings nothing on two cores, and a disk flushes 32 files as fast as 8. */
const CONCURRENCY = 32
const LEVEL = 1
/**
 * Most of a packet is images of floats, in which repeated texts are rare and not worth the search: on Rubin's packets of 111 KB level 1 without it takes
 * 0.56 ms and leaves 53 %, level 1 with it 1.0 ms and 49 %, level 6 2.5 ms and 48 %. Any gunzip reads either.
 */
const gzipOptions = (level: number): ZlibOptions => ({
  level,
  strategy: level === LEVEL ? constants.Z_RLE : constants.Z_DEFAULT_STRATEGY,
  memLevel: 9,
  // Compressed packets fit into one piece of this size: each further piece is another trip to the thread pool.
  chunkSize: 128 * 1024,
})

/** SHA-256 in hex. */
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** How long a schema is believed to be in the archive; well below the time for which retention keeps one that was noted. */
const SCHEMA_BELIEVED_MS = SCHEMA_HELD_MS / 6

interface StoredSchema {
  readonly object: OtherObject
  readonly sinceMs: number
  readonly storing: Promise<unknown>
}

export const openBatchArchiver = (options: BatchArchiverOptions): BatchArchiver => {
  const { stream, store, index, schemaOf, level = LEVEL, now = Date.now } = options
  const reader = openFactsReader(stream)
  const storedSchemas = new Map<number, StoredSchema>()
  /** Alert → the record it came in first, of what is not in the index yet. */
  const claims = new Map<bigint, string>()

  /** Whether the alert came in this record first, or nobody knows: then a second notice is better than none. */
  const claim = (id: bigint, source: string): boolean => {
    const holder = claims.get(id) ?? index.get(id)?.source
    if (holder !== undefined) return holder === source
    claims.set(id, source)
    return true
  }

  const storeSchema = async (id: number, schema: AvroSchema): Promise<void> => {
    let stored = storedSchemas.get(id)
    if (stored === undefined || now() - stored.sinceMs > SCHEMA_BELIEVED_MS) {
      const text = Buffer.from(schema.text)
      const object = { key: schemaKey(stream.name, id), kind: 'schema', bytes: text.length } as const
      // Noted first: from here on retention keeps it.
      index.add([], [object])
      stored = { object, sinceMs: now(), storing: store.put(object.key, text) }
      storedSchemas.set(id, stored)
    }
    try {
      await stored.storing
    } catch (error) {
      storedSchemas.delete(id)
      throw error
    }
  }

  /** The facts of a packet, its schema being in the archive. Throws HubError where it cannot be read. */
  const read = async (packet: PacketAt): Promise<{ readonly schemaId: number; readonly facts: AlertFacts }> => {
    const { schemaId, body } = readFrame(packet.value)
    const schema = await schemaOf(schemaId)
    if (schema === undefined)
      throw new HubError(
        'HUB_SCHEMA_INVALID',
        `The packet names schema ${schemaId}, which the registry does not have or is no alert's; register it and send the packet again`,
      )
    const facts = reader.read(body, schemaId, schema)
    await storeSchema(schemaId, schema)
    return { schemaId, facts }
  }

  /** Stores what is not there. Answers how it went, and the size of what is there. */
  const place = async (
    id: bigint,
    packet: Buffer,
  ): Promise<
    { kind: 'stored' | 'repeat' | 'healed'; bytes: number } | { kind: 'conflict'; key: string; bytes: number }
  > => {
    const key = packetKey(stream.name, id)
    const compressed = await compress(packet, gzipOptions(level))
    if ((await store.put(key, compressed)) === 'stored') return { kind: 'stored', bytes: compressed.length }
    const present = await store.get(key)
    const whole = present === undefined ? undefined : await decompress(present).catch(() => undefined)
    if (present !== undefined && whole?.equals(packet) === true) return { kind: 'repeat', bytes: present.length }
    if (whole === undefined) {
      // Torn by a disk that lost what it had acknowledged, or removed this moment.
      await store.delete(key)
      await store.put(key, compressed)
      return { kind: 'healed', bytes: compressed.length }
    }
    const aside = conflictKey(stream.name, id, sha256Of(packet))
    await store.put(aside, compressed)
    return { kind: 'conflict', key: aside, bytes: compressed.length }
  }

  const archiveOne = async (packet: PacketAt): Promise<ArchiveOutcome> => {
    let known: Awaited<ReturnType<typeof read>>
    try {
      known = await read(packet)
    } catch (error) {
      if (error instanceof HubError && !error.code.startsWith('HUB_ARCHIVE_'))
        return { kind: 'unreadable', packet, error }
      throw error
    }
    const { schemaId, facts } = known
    const placed = await place(facts.id, packet.value)
    if (placed.kind === 'conflict') return { ...placed, packet, schemaId, id: facts.id }
    const source = `${packet.partition}-${packet.offset}`
    const { id, objectId, visit, mjdTai, band, raDeg, decDeg } = facts
    const row = { id, objectId, visit, mjdTai, band, raDeg, decDeg, bytes: placed.bytes, source }
    return { kind: placed.kind, packet, schemaId, facts, row, isFirst: claim(id, source) }
  }

  return {
    archiveBatch: async packets => {
      const results: ArchiveOutcome[] = Array.from({ length: packets.length })
      let next = 0
      const work = async (): Promise<void> => {
        while (next < packets.length) {
          const at = next++
          results[at] = await archiveOne(packets[at]!)
        }
      }
      const outcomes = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work))
      const failed = outcomes.find(outcome => outcome.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return results
    },
    otherObjects: outcomes => {
      const used = new Set(outcomes.flatMap(one => (one.kind === 'unreadable' ? [] : [one.schemaId])))
      const schemas = [...used].flatMap(id => storedSchemas.get(id)?.object ?? [])
      const conflicts = outcomes.flatMap(one =>
        one.kind === 'conflict' ? [{ key: one.key, kind: one.kind, bytes: one.bytes }] : [],
      )
      return [...schemas, ...conflicts]
    },
    indexed: rows => {
      for (const { id } of rows) claims.delete(id)
    },
  }
}
