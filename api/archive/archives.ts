// The archives that this instance reads: one for each stream, in one store, with their indexes. Read it first in this folder.
// In: the archiver's store and indexes. Out: packets by id, decoded alerts, rows of a search.
import { existsSync } from 'node:fs'
import {
  type Archive,
  type ArchiveSettings,
  type ArchiveStore,
  indexFile,
  openArchive,
  openSkyIndex,
  openStore,
  type SkyIndex,
} from '#hub'
import { type AlertReader, openAlertReader } from './alert-reader.ts'

export interface StreamArchive {
  readonly archive: Archive
  readonly reader: AlertReader
  /** Undefined while nothing has been archived. Throws HubError HUB_ARCHIVE_INDEX. */
  readonly index: () => SkyIndex | undefined
}

export interface Archives {
  /** Of a stream of this system; undefined where there is no such stream. */
  of(stream: string): StreamArchive | undefined
  close(): Promise<void>
}

/** Opens the store for reading; archives of streams are opened when first asked for. Throws HubError HUB_ARCHIVE_READ. */
export async function openArchives(settings: ArchiveSettings, streams: readonly string[]): Promise<Archives> {
  const store = await openStore(settings, { readOnly: true })
  const open = new Map(streams.map(stream => [stream, streamArchive(store, settings, stream)]))
  return {
    of: stream => open.get(stream),
    async close() {
      for (const { close } of open.values()) close()
      await store.close()
    },
  }
}

function streamArchive(store: ArchiveStore, settings: ArchiveSettings, stream: string) {
  const archive = openArchive({ store, stream })
  const file = indexFile(settings, stream)
  let index: SkyIndex | undefined
  return {
    archive,
    reader: openAlertReader(archive),
    // The archiver makes it with the first packet, perhaps long after this process began.
    index: () => (index ??= existsSync(file) ? openSkyIndex(file, { readOnly: true }) : undefined),
    close: () => index?.close(),
  }
}
