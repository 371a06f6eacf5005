// `skysieve archive`: is everything in the archive that was on the topic, mend what is not, and build its index again. On the machine of the archive.
import type { Command } from 'commander'
import type { ArchiveOptions } from './archive-on-disk.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { withInterrupt } from '../../context/interrupt.ts'
import { ADMIN_USER, HUB_CA_ABOUT, HUB_CA_OPTION, hubAccess } from '../../local-system/local-system.ts'
import { progressLine } from '../../output/progress-line.ts'
import { DEFAULT_STREAM } from '../../context/repeated-constants.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { sessionOf } from '../../connection/session.ts'

export const addDiskVerbs: AddCommands = (archive, context) => {
  const verb = (name: string, description: string): Command =>
    archive
      .command(name)
      .description(description)
      .option('--stream <name>', 'a survey’s stream', DEFAULT_STREAM)
      .option('--archive <dir>', 'the archive’s folder, or a file of JSON settings; of the local system where absent')
  const onHub = (command: Command): Command =>
    command
      .option('--bootstrap <host:port>', 'the hub’s broker')
      .option('--user <name>', 'Kafka user')
      .option(HUB_CA_OPTION, HUB_CA_ABOUT)

  onHub(verb('verify', 'compare every packet and notice with the topic; exit code 4 if anything differs')).action(
    (options: ArchiveOptions, command: Command) =>
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const show = progressLine(out)
        const { verifyArchive, withArchive, withSchemas } = await import('./archive-on-disk.ts')
        const found = await withArchive(options, context, true, signal, ({ stream, store }) =>
          withSchemas(options, context, signal, schemaOf =>
            verifyArchive({
              access: hubAccess(options, context, ADMIN_USER),
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
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const show = progressLine(out)
        const { backFill, withArchive, withSchemas } = await import('./archive-on-disk.ts')
        const filled = await withArchive(options, context, false, signal, ({ stream, store, index }) =>
          withSchemas(options, context, signal, schemaOf =>
            backFill({
              access: hubAccess(options, context, ADMIN_USER),
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
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const show = progressLine(out)
        const { reindexArchive, withArchive } = await import('./archive-on-disk.ts')
        const done = await withArchive(options, context, false, signal, ({ stream, store, index }) =>
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
    withInterrupt(context, async signal => {
      if (!/^-?\d{1,19}$/.test(id)) throw new CliError('CLI_ALERT_ID', EXIT.usage, `"${id}" is no alert’s id.`)
      const { openArchive, withArchive } = await import('./archive-on-disk.ts')
      const packet = await withArchive(options, context, true, signal, ({ stream, store }) =>
        openArchive({ store, stream: stream.name }).packet(BigInt(id)),
      )
      if (packet === undefined) throw new CliError('CLI_NO_PACKET', EXIT.noMatch, `The archive has no alert ${id}.`)
      context.stdout.write(packet)
    }),
  )
}
