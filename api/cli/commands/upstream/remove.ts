// `skysieve upstream remove`: a survey's stream is no longer taken; what came stays.
import type { AddCommands } from '../../context/add-commands.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { sessionOf } from '../../connection/session.ts'
import { hasUpstream, removeUpstream, upstreamFile } from './upstream-files.ts'

export const addRemove: AddCommands = (upstream, context) => {
  upstream
    .command('remove <name>')
    .description('take it no longer, and forget its password; typed on the hub’s machine')
    .action((name: string, _options, command) => {
      const { out } = sessionOf(command, context)
      const file = upstreamFile(context, name)
      if (!hasUpstream(file))
        throw new CliError(
          'CLI_UPSTREAM_UNKNOWN',
          EXIT.usage,
          `There is no upstream ${name} in this directory’s system: skysieve upstream list`,
        )
      removeUpstream(file)
      out.result(
        { name, removed: true },
        () =>
          `${name} is removed; a running system lets go of it within seconds. Where it was is kept: added again under this name it goes on there.`,
      )
    })
}
