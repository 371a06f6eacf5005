// `skysieve schema`: a survey's schemas into the registry, under the ids its packets name.
import { resolve } from 'node:path'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { type HubOptions, registryUrl } from '../local-system/local-system.ts'
import { table } from '../output/output.ts'
import type { AddCommands } from '../context/add-commands.ts'
import { sessionOf } from '../connection/session.ts'

export const addSchema: AddCommands = (program, context) => {
  const schema = program.command('schema').description('schemas of a survey')

  schema
    .command('sync <folder>')
    .description('put schemas (<folder>/<major>/<minor>/*.avsc) into the registry; safe to repeat')
    .option('--registry <url>', 'the schema registry; user and password for writing may be in the URL')
    .option('--dry-run', 'change nothing: tell what would be put in, and what breaks with earlier versions')
    .action(async (folder: string, options: HubOptions & { dryRun?: boolean }, command) => {
      const { out } = sessionOf(command, context)
      const { HubError, syncSchemas } = await import('#hub')
      const synced = await syncSchemas(resolve(context.directory, folder), registryUrl(options, context), {
        dryRun: options.dryRun === true,
      }).catch((error: unknown) => {
        // A folder that holds no schemas is the caller's, a registry that does not answer is not.
        if (!(error instanceof HubError)) throw error
        const exitCode = error.code === 'HUB_SCHEMA_INVALID' ? EXIT.usage : EXIT.ourFault
        throw new CliError(error.code, exitCode, error.message, { cause: error })
      })
      out.result(synced, () =>
        table(
          ['id', 'version', 'subject', '', 'compatibility'],
          synced.map(({ id, version, subject, wasThere, breaks }) => [
            String(id),
            version,
            subject,
            wasThere ? 'was there' : options.dryRun ? 'would be put in' : 'put in',
            breaks.length === 0 ? 'earlier readers of its major version read it' : breaks.join('; '),
          ]),
          'No schemas.',
        ),
      )
    })
}
