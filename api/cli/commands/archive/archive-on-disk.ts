// What the verbs of `skysieve archive` work on: an archive on this machine, and the schemas of its hub.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Value } from 'typebox/value'
import {
  ArchiveSettings,
  awaitSchemas,
  type SchemaOf,
  indexFile,
  openSchemaStore,
  openSkyIndex,
  openStore,
  type Stream,
  STREAMS,
} from '#hub'
export { backFill, openArchive, reindexArchive, verifyArchive } from '#hub'
import type { CliContext } from '../../context/cli-context.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { ADMIN_USER, hubAccess, type HubOptions } from '../../local-system/local-system.ts'

export interface ArchiveOptions extends HubOptions {
  readonly stream: string
  readonly archive?: string
}

/** A schema that is not there is not waited for: nothing arrives while a command looks. */
const SCHEMA_WAIT_MS = 0

/** Settings by --archive, or of the system in the working directory. Throws CliError CLI_ARCHIVE_UNKNOWN. */
function settingsOf({ archive }: ArchiveOptions, { directory }: CliContext): ArchiveSettings {
  const file =
    archive === undefined ? join(directory, '.skysieve', 'config', 'archiver.json') : resolve(directory, archive)
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const inside: unknown =
      typeof parsed === 'object' && parsed !== null && 'archive' in parsed ? parsed.archive : parsed
    if (Value.Check(ArchiveSettings, inside)) return inside
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR')
      return { dir: file, store: { kind: 'files' } }
  }
  throw new CliError(
    'CLI_ARCHIVE_UNKNOWN',
    EXIT.usage,
    'Which archive? Run this where `skysieve start` was run, or give --archive with its folder or a file of its settings.',
  )
}

interface Opened {
  readonly stream: Stream
  readonly store: Awaited<ReturnType<typeof openStore>>
  readonly index: ReturnType<typeof openSkyIndex>
}

export async function withArchive<T>(
  options: ArchiveOptions,
  context: CliContext,
  readOnly: boolean,
  signal: AbortSignal,
  action: (opened: Opened) => Promise<T>,
): Promise<T> {
  const stream = STREAMS[options.stream]
  if (stream === undefined) {
    const known = Object.keys(STREAMS).join(', ')
    throw new CliError('CLI_STREAM_UNKNOWN', EXIT.usage, `There is no stream ${options.stream}; there are: ${known}.`)
  }
  const settings = settingsOf(options, context)
  const store = await openStore(settings, { readOnly })
  const opened: { index?: ReturnType<typeof openSkyIndex> } = {}
  try {
    signal.throwIfAborted()
    return await action({
      stream,
      store,
      get index() {
        return (opened.index ??= openSkyIndex(indexFile(settings, stream.name)))
      },
    })
  } finally {
    opened.index?.close()
    await store.close()
  }
}

export async function withSchemas<T>(
  options: ArchiveOptions,
  context: CliContext,
  signal: AbortSignal,
  action: (schemaOf: SchemaOf) => Promise<T>,
): Promise<T> {
  const access = hubAccess(options, context, ADMIN_USER)
  const schemas = await openSchemaStore({ access, clientId: `${access.user}.schemas`, signal })
  try {
    return await action(awaitSchemas({ schemas, waitMs: SCHEMA_WAIT_MS, signal }))
  } finally {
    await schemas.close()
  }
}
