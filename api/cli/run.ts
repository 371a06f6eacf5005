// The command line: noun, then verb. deploy adds the commands that start and stop systems.
import { Command, CommanderError } from 'commander'
import { addAuth } from './commands/auth.ts'
import { addFilter } from './commands/filter.ts'
import { addFilterInit } from './commands/filter-init.ts'
import { addFilterTest } from './commands/filter-test.ts'
import { addFilterVisit } from './commands/filter-visit.ts'
import { addRuntimes } from './commands/runtimes.ts'
import { addSchema } from './commands/schema.ts'
import { addStatus } from './commands/status.ts'
import { addStream } from './commands/stream.ts'
import { addTopic } from './commands/topic.ts'
import { addUser } from './commands/user.ts'
import { processSurroundings, type Surroundings } from './config.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { openOutput } from './output.ts'

/** Adds a noun with its verbs. */
export type AddCommands = (program: Command, around: Surroundings) => void

const COMMANDS: readonly AddCommands[] = [
  addAuth,
  addFilter,
  addFilterInit,
  addFilterTest,
  addFilterVisit,
  addTopic,
  addUser,
  addStream,
  addSchema,
  addRuntimes,
  addStatus,
]

/** All commands of the command line over these surroundings. */
function buildProgram(around: Surroundings): Command {
  const program = new Command('skysieve')
    .description('Filters over an alert stream: write one, submit it, read what it picks.')
    .option('--url <url>', 'address of the API (SKYSIEVE_URL)')
    .option('--json', 'JSON also on a terminal')
    .configureOutput({ writeOut: text => around.stdout.write(text), writeErr: text => around.stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  for (const add of COMMANDS) add(program, around)
  return program
}

/** Runs one command; `argv` is what follows `skysieve`. Resolves with the exit code and throws nothing. */
export async function runCli(argv: readonly string[], around: Surroundings = processSurroundings()): Promise<ExitCode> {
  try {
    await buildProgram(around).parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // commander has printed its own: a wrong option is the caller's, `--help` is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const out = openOutput(around, argv.includes('--json'))
    if (error instanceof CliError) {
      out.failure(error)
      return error.exitCode
    }
    const message = error instanceof Error ? error.message : String(error)
    out.failure(new CliError('CLI_INTERNAL', EXIT.ourFault, message, { cause: error }))
    return EXIT.ourFault
  }
}
