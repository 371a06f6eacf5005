// Compares an archive with its topic. In: topic, notices and objects. Out: which packets are missing or different, and which alerts were not announced
// exactly once. It changes nothing; back-fill.ts mends the archive and reindex.ts the index.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { decodeNotice, noticesTopic } from '../../notices/notice.ts'
import { readPositions } from '../ingest/archiver-positions.ts'
import { readFrame } from '../../packet-frame.ts'
import { type Stream } from '../../streams.ts'
import { openArchive } from '../store/archive-reader.ts'
import { openFactsReader } from '../../notices/alert-facts.ts'
import { conflictKey } from '../store/object-keys.ts'
import { readTopic } from './read-topic.ts'
import { sha256Of, type PacketAt } from '../ingest/archive-batch.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const decompress = promisify(gunzip)

/** What differs; ids are decimal strings, the first 100 of each kind. */
export interface Verified {
  readonly stream: string
  /** Records of the topic up to where the archiver has committed. */
  readonly packets: number
  /** Records behind that, which it has yet to archive. */
  readonly pending: number
  readonly identical: number
  /** The same packet in another record. */
  readonly repeats: number
  /** Other bytes under a known id, kept aside as they should be. */
  readonly aside: number
  /** Dead letters. */
  readonly unreadable: number
  readonly missing: readonly string[]
  readonly different: readonly string[]
  readonly unannounced: readonly string[]
  readonly announcedTwice: readonly string[]
  /** Numbers of the above, beyond the first 100 too. */
  readonly counts: {
    readonly missing: number
    readonly different: number
    readonly unannounced: number
    readonly announcedTwice: number
  }
}

export interface VerifyOptions {
  readonly access: BrokerAccess
  readonly stream: Stream
  readonly store: ArchiveStore
  readonly schemaOf: (id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

const MAX_NAMED = 100

/** Reads the whole topic, its notices and the objects of its packets. Throws HubError where broker or archive fail. */
export const verifyArchive = async (options: VerifyOptions): Promise<Verified> => {
  const { access, stream, store, schemaOf, onProgress, signal } = options
  const positions = await readPositions(access, stream.name)
  const archive = openArchive({ store, stream: stream.name })
  const reader = openFactsReader(stream)
  const seen = new Set<bigint>()
  const [missing, different] = [new Set<bigint>(), new Set<bigint>()]
  const counts = { packets: 0, pending: 0, identical: 0, repeats: 0, aside: 0, unreadable: 0 }

  const idOf = async (packet: PacketAt): Promise<bigint | undefined> => {
    try {
      const { schemaId, body } = readFrame(packet.value)
      const schema = await schemaOf(schemaId)
      return schema === undefined ? undefined : reader.read(body, schemaId, schema).id
    } catch (error) {
      if (error instanceof HubError) return undefined
      throw error
    }
  }
  const compare = async (packet: PacketAt): Promise<void> => {
    counts.packets++
    const id = await idOf(packet)
    if (id === undefined) {
      counts.unreadable++
      return
    }
    const found = await archive.packet(id)
    const whole = found === undefined ? undefined : await decompress(found).catch(() => undefined)
    if (whole?.equals(packet.value) === true) {
      if (seen.has(id)) counts.repeats++
      else counts.identical++
      seen.add(id)
    } else if (
      whole !== undefined &&
      (await store.head(conflictKey(stream.name, id, sha256Of(packet.value)))) !== undefined
    )
      counts.aside++
    else if (found === undefined) missing.add(id)
    else different.add(id)
  }

  const { offsets, pages } = await readTopic(access, stream.topic, signal)
  for await (const { packets, done } of pages) {
    const committed = packets.filter(packet => isCommitted(positions, packet))
    counts.pending += packets.length - committed.length
    await Promise.all(committed.map(compare))
    onProgress?.(done, offsets)
  }
  const announced = await announcements(access, stream.name, signal)
  const unannounced = [...seen].filter(id => !announced.has(id))
  const announcedTwice = [...announced].flatMap(([id, times]) => (times > 1 ? [id] : []))
  const named = (ids: Iterable<bigint>): string[] => [...ids].slice(0, MAX_NAMED).map(String)
  return {
    stream: stream.name,
    ...counts,
    missing: named(missing),
    different: named(different),
    unannounced: named(unannounced),
    announcedTwice: named(announcedTwice),
    counts: {
      missing: missing.size,
      different: different.size,
      unannounced: unannounced.length,
      announcedTwice: announcedTwice.length,
    },
  }
}

const isCommitted = (positions: Offsets, { partition, offset }: PacketAt): boolean =>
  offset < (positions.get(partition) ?? 0n)

/** Alert → how many notices name it. */
const announcements = async (
  access: BrokerAccess,
  stream: string,
  signal?: AbortSignal,
): Promise<Map<bigint, number>> => {
  const announced = new Map<bigint, number>()
  const { pages } = await readTopic(access, noticesTopic(stream), signal)
  for await (const { packets } of pages)
    for (const { value } of packets) {
      const { alertId } = decodeNotice(value)
      announced.set(alertId, (announced.get(alertId) ?? 0) + 1)
    }
  return announced
}
