// `skysieve archive`: is everything in the archive that was on the topic, mend what is not, and build its index again. On the machine of the archive.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Value } from 'typebox/value'
import {
  ArchiveSettings,
  awaitSchemas,
  backFill,
  DEFAULT_STREAM,
  indexFile,
  openArchive,
  openSchemaStore,
  openSkyIndex,
  openStore,
  reindexArchive,
  type Stream,
  STREAMS,
  verifyArchive,
} from '#hub'
import type { Command } from 'commander'
import type { Surroundings } from '../config.ts'
import { CliError, EXIT } from '../exit.ts'
import { withInterrupt } from '../interrupt.ts'
import { ADMIN_USER, hubAccess, type HubOptions } from '../local-system.ts'
import { progressLine } from '../progress-line.ts'
import type { AddCommands } from '../add-commands.ts'
import { sessionOf } from '../session.ts'

interface ArchiveOptions extends HubOptions {
  readonly stream: string
  readonly archive?: string
}

/** A schema that is not there is not waited for: nothing arrives while a command looks. */
const SCHEMA_WAIT_MS = 0

export const addArchive: AddCommands = (program, around) => {
  const archive = program.command('archive').description('the archive of packets, on the machine that keeps it')
  const verb = (name: string, description: string): Command =>
    archive
      .command(name)
      .description(description)
      .option('--stream <name>', 'a survey’s stream', DEFAULT_STREAM)
      .option('--archive <dir>', 'the archive’s folder, or a file of JSON settings; of the local system where absent')
  const onHub = (command: Command): Command =>
    command.option('--bootstrap <host:port>', 'the hub’s broker').option('--user <name>', 'Kafka user')

  onHub(verb('verify', 'compare every packet and notice with the topic; exit code 4 if anything differs')).action(
    (options: ArchiveOptions, command: Command) =>
      withInterrupt(around, async signal => {
        const { out } = sessionOf(command, around)
        const show = progressLine(out)
        const found = await withArchive(options, around, true, signal, ({ stream, store }) =>
          withSchemas(options, around, signal, schemaOf =>
            verifyArchive({
              access: hubAccess(options, around, ADMIN_USER),
              stream,
              store,
              schemaOf,
              onProgress: show,
              signal,
            }),
          ),
        )
        const { counts, packets, identical, pending } = found
        const differing = Object.values(counts).reduce((sum, count) => sum + count, 0)
        out.result(found, () =>
          [
            `${packets} packets on the topic: ${identical} archived and identical, ${found.repeats} repeats, ${found.aside} set aside, ${found.unreadable} dead letters; ${pending} more are on their way.`,
            ...Object.entries({
              missing: found.missing,
              different: found.different,
              'without a notice': found.unannounced,
              'with more than one notice': found.announcedTwice,
            }).flatMap(([what, ids]) => (ids.length === 0 ? [] : [`${what}: ${ids.join(' ')}`])),
            differing === 0 ? 'Nothing differs.' : 'Mend what is missing with: skysieve archive fill',
          ].join('\n'),
        )
        if (differing > 0) throw new CliError('CLI_ARCHIVE_DIFFERS', EXIT.noMatch, `${differing} things differ.`)
      }),
  )

  onHub(verb('fill', 'archive what the topic has and the archive has not; safe beside a running archiver')).action(
    (options: ArchiveOptions, command: Command) =>
      withInterrupt(around, async signal => {
        const { out } = sessionOf(command, around)
        const show = progressLine(out)
        const filled = await withArchive(options, around, false, signal, ({ stream, store, index }) =>
          withSchemas(options, around, signal, schemaOf =>
            backFill({
              access: hubAccess(options, around, ADMIN_USER),
              stream,
              store,
              index,
              schemaOf,
              onProgress: show,
              signal,
            }),
          ),
        )
        out.result(
          filled,
          () =>
            `${filled.packets} packets: ${filled.stored} archived, ${filled.healed} replaced, ${filled.repeats} were there, ${filled.conflicts} set aside, ${filled.unreadable} unreadable.`,
        )
      }),
  )

  verb('reindex', 'build the search index again from the archive; safe beside a running archiver').action(
    (options: ArchiveOptions, command: Command) =>
      withInterrupt(around, async signal => {
        const { out } = sessionOf(command, around)
        const show = progressLine(out)
        const done = await withArchive(options, around, false, signal, ({ stream, store, index }) =>
          reindexArchive({ stream, store, index, onProgress: show, signal }),
        )
        out.result(
          done,
          () =>
            `${done.packets} packets: ${done.added} rows added, ${done.removed} removed${done.unreadable.length === 0 ? '' : `; unreadable: ${done.unreadable.join(' ')}`}.`,
        )
      }),
  )

  verb('get <id>', 'write an alert’s gzipped packet to stdout').action((id: string, options: ArchiveOptions) =>
    withInterrupt(around, async signal => {
      if (!/^-?\d{1,19}$/.test(id)) throw new CliError('CLI_ALERT_ID', EXIT.usage, `"${id}" is no alert’s id.`)
      const packet = await withArchive(options, around, true, signal, ({ stream, store }) =>
        openArchive({ store, stream: stream.name }).packet(BigInt(id)),
      )
      if (packet === undefined) throw new CliError('CLI_NO_PACKET', EXIT.noMatch, `The archive has no alert ${id}.`)
      around.stdout.write(packet)
    }),
  )
}

/** Settings by --archive, or of the system in the working directory. Throws CliError CLI_ARCHIVE_UNKNOWN. */
function settingsOf({ archive }: ArchiveOptions, { directory }: Surroundings): ArchiveSettings {
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

async function withArchive<T>(
  options: ArchiveOptions,
  around: Surroundings,
  readOnly: boolean,
  signal: AbortSignal,
  action: (opened: Opened) => Promise<T>,
): Promise<T> {
  const stream = STREAMS[options.stream]
  if (stream === undefined) {
    const known = Object.keys(STREAMS).join(', ')
    throw new CliError('CLI_STREAM_UNKNOWN', EXIT.usage, `There is no stream ${options.stream}; there are: ${known}.`)
  }
  const settings = settingsOf(options, around)
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

async function withSchemas<T>(
  options: ArchiveOptions,
  around: Surroundings,
  signal: AbortSignal,
  action: (schemaOf: ReturnType<typeof awaitSchemas>) => Promise<T>,
): Promise<T> {
  const access = hubAccess(options, around, ADMIN_USER)
  const schemas = await openSchemaStore({ access, clientId: `${access.user}.schemas`, signal })
  try {
    return await action(awaitSchemas({ schemas, waitMs: SCHEMA_WAIT_MS, signal }))
  } finally {
    await schemas.close()
  }
}
