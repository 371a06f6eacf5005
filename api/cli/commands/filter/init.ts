// `skysieve filter init`: a filter to start from.
import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AddCommands } from '../../context/add-commands.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { sessionOf } from '../../connection/session.ts'

const DEFAULT_EXAMPLE = 'bright-new-transients'

export const addInit: AddCommands = (filter, context) => {
  filter
    .command('init [file]')
    .description('write a filter to start from')
    .option('--example <name>', 'which example', DEFAULT_EXAMPLE)
    .option('--list', 'name the examples')
    .action(
      async (file: string | undefined, { example: wanted, list }: { example: string; list?: boolean }, command) => {
        const { out } = sessionOf(command, context)
        const { examples, languageOf } = await import('#filters')
        const all = examples()
        if (list) {
          const names = all.map(({ name, stream, language }) => ({ name, stream, language }))
          out.result(names, () => names.map(({ name, stream }) => `${name} (${stream})`).join('\n'))
          return
        }
        const example = all.find(({ name }) => name === wanted)
        if (!example) {
          throw new CliError(
            'CLI_EXAMPLE_UNKNOWN',
            EXIT.usage,
            `There is no example “${wanted}”; \`skysieve filter init --list\` names them.`,
          )
        }
        const name = file ?? example.fileName
        const path = resolve(context.directory, name)
        if (languageOf(name) !== example.language) {
          const ending = example.fileName.slice(example.fileName.lastIndexOf('.'))
          throw new CliError(
            'CLI_LANGUAGE_UNKNOWN',
            EXIT.usage,
            `The example ${example.name} is ${example.language}: give the file a name that ends in ${ending}.`,
          )
        }
        if (existsSync(path))
          throw new CliError('CLI_FILE_EXISTS', EXIT.usage, `${name} is there already; nothing was written.`)
        writeFileSync(path, example.source, { flag: 'wx' })
        out.result(
          { file: name, example: example.name, stream: example.stream },
          () => `${name} is written. Next: skysieve filter test ${name}`,
        )
      },
    )
}
