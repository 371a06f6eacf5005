// Builds the index again from the archive: rows of packets that it lacks, and none of packets that are gone.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parseSchema } from '../../avro/schema/parse-schema.ts'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { readFrame } from '../../packet-frame.ts'
import { type Stream } from '../../streams.ts'
import { openArchive } from '../store/archive-reader.ts'
import { openFactsReader } from '../../notices/alert-facts.ts'
import { countOtherObjects } from '../ingest/retention.ts'
import { type SkyIndex, type SkyRow } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const decompress = promisify(gunzip)

export interface Reindexed {
  readonly packets: number
  readonly added: number
  readonly removed: number
  /** Packets of the archive that cannot be read; decimal ids, the first 100. */
  readonly unreadable: readonly string[]
}

export interface ReindexOptions {
  readonly stream: Stream
  readonly store: ArchiveStore
  readonly index: SkyIndex
  /** Packets looked at so far. */
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
}

const PAGE = 200
const MAX_NAMED = 100

/** Safe to repeat, to end by the signal, and to run beside an archiver. Throws HubError HUB_ARCHIVE_…. */
export const reindexArchive = async ({
  stream,
  store,
  index,
  onProgress,
  signal,
}: ReindexOptions): Promise<Reindexed> => {
  const archive = openArchive({ store, stream: stream.name })
  const reader = openFactsReader(stream)
  const schemas = new Map<number, AvroSchema>()
  const unreadable: string[] = []
  let [packets, added, removed] = [0, 0, 0]

  const schemaOf = async (id: number): Promise<AvroSchema> => {
    const text = schemas.has(id) ? undefined : await archive.schema(id)
    if (text !== undefined) schemas.set(id, parseSchema(text))
    const schema = schemas.get(id)
    if (schema === undefined) throw new HubError('HUB_SCHEMA_INVALID', `The archive has no schema ${id}`)
    return schema
  }
  const rowOf = async (id: bigint, object: Buffer): Promise<SkyRow | undefined> => {
    try {
      const { schemaId, body } = readFrame(await decompress(object))
      const facts = reader.read(body, schemaId, await schemaOf(schemaId))
      const { objectId, visit, mjdTai, band, raDeg, decDeg } = facts
      return { id, objectId, visit, mjdTai, band, raDeg, decDeg, bytes: object.length }
    } catch (error) {
      if (error instanceof HubError && error.code.startsWith('HUB_ARCHIVE_')) throw error
      unreadable.push(String(id))
      return undefined
    }
  }
  const add = async (ids: readonly bigint[]): Promise<void> => {
    const lacking = ids.filter(id => index.get(id) === undefined)
    const rows: SkyRow[] = []
    for await (const { id, packet } of archive.packets(lacking)) {
      const row = packet && (await rowOf(id, packet))
      if (row !== undefined) rows.push(row)
    }
    index.add(rows)
    added += rows.length
    packets += ids.length
    onProgress?.(packets)
  }

  let page: bigint[] = []
  for await (const id of archive.ids()) {
    signal?.throwIfAborted()
    page.push(id)
    if (page.length < PAGE) continue
    await add(page)
    page = []
  }
  await add(page)
  await countOtherObjects({ store, index, stream: stream.name })

  for (let after: string | undefined; ;) {
    signal?.throwIfAborted()
    const { rows, next } = index.all({ limit: PAGE, after })
    const heads = await Promise.all(rows.map(({ id }) => archive.head(id)))
    const gone = rows.filter((_, at) => heads[at] === undefined).map(({ id }) => id)
    index.remove(gone)
    removed += gone.length
    if (next === undefined) break
    after = next
  }
  return { packets, added, removed, unreadable: unreadable.slice(0, MAX_NAMED) }
}
