// Work on a whole archive that takes minutes to hours: comparing it with its topic, filling holes, building its index anew. All of it can be repeated.
import { Type, type Static } from 'typebox'
import {
  type ArchiveSettings,
  type AvroSchema,
  backFill,
  type BrokerAccess,
  indexFile,
  openSkyIndex,
  openStore,
  reindexArchive,
  STREAMS,
  verifyArchive,
} from '#hub'

export const MAINTENANCE_KINDS = ['verify', 'fill', 'reindex'] as const
export const MaintenanceKind = Type.Enum([...MAINTENANCE_KINDS])
export type MaintenanceKind = (typeof MAINTENANCE_KINDS)[number]

/** What a job is given; it outlives the process that took it. */
export const MaintenanceOrder = Type.Object({ chore: MaintenanceKind, stream: Type.String(), by: Type.String() })
export type MaintenanceOrder = Static<typeof MaintenanceOrder>

/** Records or packets done, and all there are where that is known. */
export interface Progress {
  readonly done: number
  readonly of?: number
}

export interface MaintenanceTools {
  /** May read the alert topics, the notices and the archiver's positions. */
  readonly hub: BrokerAccess
  readonly archive: ArchiveSettings
  readonly schemaOf: (id: number) => Promise<AvroSchema | undefined>
}

/** Does it; answers what it found. Throws HubError, and the signal's reason when it was ended. */
export async function runMaintenance(
  { chore, stream: name }: Pick<MaintenanceOrder, 'chore' | 'stream'>,
  { hub: access, archive, schemaOf }: MaintenanceTools,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<object> {
  const stream = STREAMS[name]
  if (stream === undefined) throw new TypeError(`There is no stream “${name}”`)
  const store = await openStore(archive, { readOnly: chore !== 'fill' })
  const index = chore === 'verify' ? undefined : openSkyIndex(indexFile(archive, name))
  const counted = {
    access,
    stream,
    store,
    schemaOf,
    signal,
    onProgress: (done: number, of: number) => onProgress({ done, of }),
  }
  try {
    if (index === undefined) return await verifyArchive(counted)
    if (chore === 'fill') return await backFill({ ...counted, index })
    return await reindexArchive({ stream, store, index, signal, onProgress: done => onProgress({ done }) })
  } finally {
    index?.close()
    await store.close()
  }
}
