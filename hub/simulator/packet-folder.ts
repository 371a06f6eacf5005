// Real packets from a folder: framed `.bin` files and Avro object containers (`.avro`), grouped by visit in an order that never changes.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readContainer } from '../avro/decode/container-reader.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { HubError } from '../errors.ts'
import { framePacket, readFrame } from '../packet-frame.ts'
import { type Stream } from '../streams.ts'
import { identify } from './identify-alert.ts'
import { type PacketSource } from './packet-source.ts'

/** How packets get their schemas. */
export interface FolderSchemas {
  /** The schema a framed packet names; undefined where the registry has none of that id. */
  readonly schemaOf: (id: number) => Promise<AvroSchema | undefined>
  /** The id the registry gives to a container's embedded schema. */
  readonly idOf: (schemaJson: string) => Promise<number>
}

/** One packet's place: a file, and for a container the datum's number. */
interface FolderPacket {
  readonly file: string
  readonly datum: number
  readonly alertId: bigint
}

export interface FolderVisit {
  readonly stream: Stream
  readonly visit: bigint
  /** By file name, then by place in the file. */
  readonly packets: readonly FolderPacket[]
}

export interface PacketFolder {
  /** By stream, then by visit. */
  readonly visits: readonly FolderVisit[]
  /** Files, or single packets of containers, that cannot be played, with the reason. */
  readonly bad: readonly { readonly file: string; readonly reason: string }[]
  /** Schema ids that the registry lacks; packets that name them are in no visit. */
  readonly unknownSchemas: ReadonlyMap<number, readonly string[]>
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const filesOf = async (dir: string): Promise<string[]> => {
  const names = await readdir(dir, { recursive: true }).catch((cause: unknown) => {
    throw new HubError('HUB_PACKET_TREE_EMPTY', `The folder ${dir} cannot be read: ${reasonOf(cause)}`, { cause })
  })
  const files = names.filter(name => /\.(?:bin|avro)$/.test(name)).toSorted()
  if (files.length > 0) return files.map(name => join(dir, name))
  throw new HubError('HUB_PACKET_TREE_EMPTY', `The folder ${dir} has no .bin or .avro files; give one with packets`)
}

/** A registry that does not answer says nothing about a file. */
const isAboutFile = (error: unknown): boolean => !(error instanceof HubError && error.code.startsWith('HUB_REGISTRY_'))

/** The packets of a file as they go to the hub. Throws HubError for a container that cannot be read. */
const packetsOf = async (file: string, { idOf }: Pick<FolderSchemas, 'idOf'>): Promise<Buffer[]> => {
  const bytes = await readFile(file)
  if (file.endsWith('.bin')) return [bytes]
  const { schemaJson, datums } = readContainer(bytes)
  const schemaId = await idOf(schemaJson)
  return datums.map(datum => framePacket(schemaId, datum))
}

const byStreamAndVisit = (a: FolderVisit, b: FolderVisit): number =>
  a.stream.name === b.stream.name ? Number(a.visit - b.visit) : a.stream.name < b.stream.name ? -1 : 1

/**
 * Reads every packet's ids; keeps places, not packets, so that a folder may be larger than memory.
 * Throws HubError HUB_PACKET_TREE_EMPTY, and what the registry fails with.
 */
export const readPacketFolder = async (dir: string, schemas: FolderSchemas): Promise<PacketFolder> => {
  const visits = new Map<string, { stream: Stream; visit: bigint; packets: FolderPacket[] }>()
  const bad: { file: string; reason: string }[] = []
  const unknownSchemas = new Map<number, string[]>()
  const place = async (packet: Buffer, file: string, datum: number): Promise<void> => {
    const { schemaId, body } = readFrame(packet)
    const schema = await schemas.schemaOf(schemaId)
    if (schema === undefined) {
      unknownSchemas.set(schemaId, [...(unknownSchemas.get(schemaId) ?? []), file])
      return
    }
    const { stream, visit, alertId } = identify(decodeAlert(schema, body))
    const key = `${stream.name}/${visit}`
    const group = visits.get(key) ?? { stream, visit, packets: [] }
    group.packets.push({ file, datum, alertId })
    visits.set(key, group)
  }
  for (const file of await filesOf(dir)) {
    try {
      for (const [datum, packet] of (await packetsOf(file, schemas)).entries())
        await place(packet, file, datum).catch((error: unknown) => {
          if (!isAboutFile(error)) throw error
          bad.push({ file, reason: reasonOf(error) })
        })
    } catch (error) {
      if (!isAboutFile(error)) throw error
      bad.push({ file, reason: reasonOf(error) })
    }
  }
  return { visits: [...visits.values()].toSorted(byStreamAndVisit), bad, unknownSchemas }
}

/** A folder as a source. Its schemas are in the registry already. */
export const folderVisits = ({ visits }: PacketFolder, schemas: Pick<FolderSchemas, 'idOf'>): PacketSource => {
  async function* read(packets: readonly FolderPacket[]): AsyncGenerator<Buffer> {
    let open: { readonly file: string; readonly packets: readonly Buffer[] } | undefined
    for (const { file, datum } of packets) {
      if (open?.file !== file) open = { file, packets: await packetsOf(file, schemas) }
      const packet = open.packets[datum]
      if (packet !== undefined) yield packet
    }
  }
  return {
    schemas: [],
    visits: () =>
      visits.map(({ stream, visit, packets }) => ({
        stream,
        visit,
        packets: packets.length,
        read: () => read(packets),
        alertAt: index => packets[index]?.alertId,
      })),
    close: () => Promise.resolve(),
  }
}
