// `skysieve runtimes`: the languages filters can be written in, with what they offer.
import type { RuntimeInfo } from '../../authoring/runtimes.ts'
import { table } from '../output/output.ts'
import type { AddCommands } from '../context/add-commands.ts'
import { sessionOf } from '../connection/session.ts'

export const addRuntimes: AddCommands = (program, context) => {
  program
    .command('runtimes')
    .description('languages filters can be written in, their libraries and limits')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const { items } = await api().call<{ items: RuntimeInfo[] }>('GET', '/v1/runtimes')
      out.result(items, () => [overview(items), ...items.flatMap(details)].join('\n'))
    })
}

const overview = (items: readonly RuntimeInfo[]): string =>
  table(
    ['language', 'runs in', 'state', 'CPU (ms a batch)', 'memory (MB)'],
    items.map(({ language, engine, available, limits }) => [
      language,
      engine,
      available ? 'available' : 'not available',
      String(limits.batchMs),
      String(limits.memoryMb),
    ]),
    'This system runs no filters.',
  )

const details = ({ language, reason, libraries }: RuntimeInfo): readonly string[] => [
  ...(reason === undefined ? [] : ['', `${language}: ${reason}`]),
  ...(libraries.length === 0
    ? []
    : ['', `${language} libraries: ${libraries.map(({ name, version }) => `${name} ${version}`).join(', ')}`]),
]
