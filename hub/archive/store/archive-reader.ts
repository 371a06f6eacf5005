// Reading the archive of one stream: packets and schemas by id, for the HTTP routes, the commands and repair/.
import { packetKey, packetsPrefix, schemaKey, idOfKey } from './object-keys.ts'
import { type ArchiveStore } from './store-interface.ts'

/** A packet that was asked for. */
export interface ArchivedPacket {
  readonly id: bigint
  /** Gzip of the wire format (zero byte, schema id, Avro), as stored; undefined where the archive has none. */
  readonly packet: Buffer | undefined
}

/**
 * The archive of one stream. Nothing in it ever changes, so whatever is found may be cached for good; what is absent now may be there in a second.
 * Calls throw HubError HUB_ARCHIVE_READ where the store fails.
 */
export interface Archive {
  readonly stream: string
  /** The gzipped packet of an alert; `gunzip` gives the bytes as received. */
  packet: (id: bigint) => Promise<Buffer | undefined>
  /** Size of the gzipped packet. */
  head: (id: bigint) => Promise<{ readonly bytes: number } | undefined>
  /** Packets in the order of `ids`; some are read ahead. */
  packets: (ids: Iterable<bigint> | AsyncIterable<bigint>) => AsyncIterable<ArchivedPacket>
  /** The JSON text of a schema that some packet was written with. */
  schema: (id: number) => Promise<string | undefined>
  /** Ids of all packets, in the order of their keys; with `after`, those behind that one. */
  ids: (after?: bigint) => AsyncIterable<bigint>
}

/** Packets of 50 to 200 KB: enough to hide a disk's or a server's latency, little enough to hold. */
const READ_AHEAD = 8

/** The archive of a stream in a store. Whoever opened the store closes it. */
export const openArchive = ({ store, stream }: { readonly store: ArchiveStore; readonly stream: string }): Archive => {
  const packet = (id: bigint): Promise<Buffer | undefined> => store.get(packetKey(stream, id))

  async function* packets(ids: Iterable<bigint> | AsyncIterable<bigint>): AsyncGenerator<ArchivedPacket> {
    const ahead: Promise<ArchivedPacket>[] = []
    for await (const id of ids) {
      const reading = packet(id).then(found => ({ id, packet: found }))
      // Its failure is told when its turn comes.
      reading.catch(() => undefined)
      ahead.push(reading)
      if (ahead.length >= READ_AHEAD) yield await ahead.shift()!
    }
    for (const reading of ahead) yield await reading
  }

  async function* ids(after?: bigint): AsyncGenerator<bigint> {
    const prefix = packetsPrefix(stream)
    for await (const key of store.list(prefix, after === undefined ? undefined : packetKey(stream, after))) {
      const id = idOfKey(key)
      if (id !== undefined) yield id
    }
  }

  return {
    stream,
    packet,
    head: id => store.head(packetKey(stream, id)),
    packets,
    schema: async id => (await store.get(schemaKey(stream, id)))?.toString(),
    ids,
  }
}
