// The settings of an archive, as archiver, API and commands have them (which kind of store, where, and the folder of the indexes), and the store they name.
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { openFileStore } from './file-store.ts'
import { S3Settings } from './s3-settings.ts'
import { openSegmentStore } from './segment-store.ts'
import { type ArchiveStore } from './store-interface.ts'

/** `files`: an object is a file. `segments`: one append-only file a night or part of it. `s3`: an object is an object. */
export const ArchiveSettings = Type.Object(
  {
    /** Folder of the archive on this machine; with S3 it has only the indexes. */
    dir: Type.String({ minLength: 1 }),
    store: Type.Union([
      Type.Object({ kind: Type.Literal('files') }, { additionalProperties: false }),
      Type.Object({ kind: Type.Literal('segments') }, { additionalProperties: false }),
      S3Settings,
    ]),
  },
  { additionalProperties: false },
)
export type ArchiveSettings = Static<typeof ArchiveSettings>

/** The client is 20 MB of code that an archive on this machine does not need. */
const openS3 = async (settings: S3Settings): Promise<ArchiveStore> =>
  (await import('./s3-store.ts')).openS3Store(settings)

/** Opens the archive's store; one process opens it for writing, any number for reading only. Throws HubError HUB_ARCHIVE_WRITE. */
export const openStore = (
  { dir, store }: ArchiveSettings,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<ArchiveStore> => {
  switch (store.kind) {
    case 'files':
      return openFileStore(join(dir, 'objects'), { readOnly })
    case 'segments':
      return openSegmentStore(join(dir, 'segments'), { readOnly })
    default:
      return openS3(store)
  }
}

/** The file of a stream's index, for `openSkyIndex`. */
export const indexFile = ({ dir }: Pick<ArchiveSettings, 'dir'>, stream: string): string =>
  join(dir, 'index', `${stream}.sqlite`)
