// `skysieve notices`: the lightweight stream as lines of JSON, filtered here, and the packets that it names into a folder.
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { withInterrupt } from '../../context/interrupt.ts'
import { DEFAULT_STREAM } from '../../context/repeated-constants.ts'
import { HUB_CA_ABOUT, HUB_CA_OPTION } from '../../local-system/local-system.ts'
import { sessionOf } from '../../connection/session.ts'
import type { TailOptions } from './tail.ts'

const count = (text: string): number => {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new CliError('CLI_OPTION', EXIT.usage, `${text} is no number of notices: a whole one above 0 is.`)
}

export const addNotices: AddCommands = (program, context) => {
  program
    .command('notices')
    .description('the lightweight stream: one small record for each archived alert')
    .command('tail')
    .description('print one JSON line per notice: ids, position, time, band, fluxes, history, and where the packet is')
    .option('--where <expression>', "only notices of which this is so: 'snr > 10 && known === false'")
    .option('--fetch <dir>', 'get their packets into this folder, as fast as the account may')
    .option('--resume <file>', 'keep in this file how far was read, and go on from there')
    .option('--stream <name>', 'a survey’s stream', DEFAULT_STREAM)
    .option('--from <place>', 'earliest, latest, or a time such as 2026-12-01T02:30Z', 'earliest')
    .option('--limit <n>', 'stop after so many', count)
    .option('--follow', 'wait for more, until Ctrl-C')
    .option('--bootstrap <host:port>', 'the hub’s broker; by default the account’s own Kafka user reads')
    .option('--user <name>', 'Kafka user')
    .option(HUB_CA_OPTION, HUB_CA_ABOUT)
    .action(async (options: TailOptions, command) => {
      const { tailNotices } = await import('./tail.ts')
      await withInterrupt(context, signal => tailNotices(options, sessionOf(command, context), signal))
    })
}
