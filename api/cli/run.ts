// The command line: noun, then verb. deploy adds the commands that start and stop systems.
import { Command, CommanderError } from 'commander'
import { type AddCommands } from './add-commands.ts'
import { processSurroundings, type Surroundings } from './config.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { openOutput } from './output.ts'

/** Noun → how its verbs are added. Loading is most of a short command's time, so only what a command line names is loaded. */
const NOUNS: Readonly<Record<string, () => Promise<AddCommands>>> = {
  auth: async () => (await import('./commands/auth.ts')).addAuth,
  filter: async () => (await import('./commands/filter-verbs.ts')).addFilterVerbs,
  alert: async () => (await import('./commands/alert.ts')).addAlert,
  archive: async () => (await import('./commands/archive-verbs.ts')).addArchiveVerbs,
  topic: async () => (await import('./commands/topic.ts')).addTopic,
  acl: async () => (await import('./commands/acl.ts')).addAcl,
  audit: async () => (await import('./commands/audit.ts')).addAudit,
  user: async () => (await import('./commands/user.ts')).addUser,
  stream: async () => (await import('./commands/stream.ts')).addStream,
  schema: async () => (await import('./commands/schema.ts')).addSchema,
  notices: async () => (await import('./commands/notices.ts')).addNotices,
  runtimes: async () => (await import('./commands/runtimes.ts')).addRuntimes,
  status: async () => (await import('./commands/status.ts')).addStatus,
}

/** Those that stand anywhere in the command line; all of them where none does, for help and for what is mistyped. */
const nounsOf = (argv: readonly string[]): readonly string[] => {
  const named = Object.keys(NOUNS).filter(noun => argv.includes(noun))
  return named.length > 0 ? named : Object.keys(NOUNS)
}

/** The commands that a command line may mean, over these surroundings. */
async function buildProgram(argv: readonly string[], around: Surroundings): Promise<Command> {
  const program = new Command('skysieve')
    .description('Filters over an alert stream: write one, submit it, read what it picks.')
    .option('--url <url>', 'address of the API (SKYSIEVE_URL)')
    .option('--json', 'JSON also on a terminal')
    .configureOutput({ writeOut: text => around.stdout.write(text), writeErr: text => around.stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  for (const noun of nounsOf(argv)) (await NOUNS[noun]?.())?.(program, around)
  return program
}

/** Runs one command; `argv` is what follows `skysieve`. Resolves with the exit code and throws nothing. */
export async function runCli(argv: readonly string[], around: Surroundings = processSurroundings()): Promise<ExitCode> {
  try {
    const program = await buildProgram(argv, around)
    await program.parseAsync([...argv], { from: 'user' })
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
