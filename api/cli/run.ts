// The command line: noun, then verb. deploy adds the commands that start and stop systems.
// In: arguments and a context. Out: the exit code, after the one command that they name has run. A new noun is an entry in NOUNS.
import { Command, CommanderError } from 'commander'
import type { AddCommands } from './context/add-commands.ts'
import { processContext, type CliContext } from './context/cli-context.ts'
import { CliError, EXIT, type ExitCode } from './output/exit-codes.ts'
import { openOutput } from './output/output.ts'

interface Noun {
  /** Its line in the help; a test compares it with the noun's own description. */
  readonly about: string
  readonly load: () => Promise<AddCommands>
}

/** Loading is most of a short command's time, so only what a command line names is loaded. */
export const NOUNS: Readonly<Record<string, Noun>> = {
  auth: { about: 'who you are', load: async () => (await import('./commands/auth.ts')).addAuth },
  filter: { about: 'your filters', load: async () => (await import('./commands/filter/verbs.ts')).addFilterVerbs },
  alert: { about: 'archived alerts', load: async () => (await import('./commands/alert.ts')).addAlert },
  archive: {
    about: 'the archive of packets, on the machine that keeps it',
    load: async () => (await import('./commands/archive/verbs.ts')).addArchiveVerbs,
  },
  topic: {
    about: 'topics: those you may read, and for administrators those of the hub',
    load: async () => (await import('./commands/topic/verbs.ts')).addTopicVerbs,
  },
  acl: {
    about: 'who may read which topics of the hub (administrators)',
    load: async () => (await import('./commands/acl.ts')).addAcl,
  },
  audit: {
    about: 'who did what, of the last day (administrators)',
    load: async () => (await import('./commands/audit.ts')).addAudit,
  },
  'dead-letters': {
    about: 'packets that could not be read, and what to do with them (administrators)',
    load: async () => (await import('./commands/dead-letters.ts')).addDeadLetters,
  },
  node: {
    about: 'mirror nodes, where filters run (administrators)',
    load: async () => (await import('./commands/node/verbs.ts')).addNodeVerbs,
  },
  user: {
    about: 'accounts and their Kafka users',
    load: async () => (await import('./commands/user.ts')).addUser,
  },
  stream: {
    about: 'packets of a survey: make, play, look',
    load: async () => (await import('./commands/stream.ts')).addStream,
  },
  schema: { about: 'schemas of a survey', load: async () => (await import('./commands/schema.ts')).addSchema },
  upstream: {
    about: 'surveys whose streams come into this system',
    load: async () => (await import('./commands/upstream/verbs.ts')).addUpstreamVerbs,
  },
  notices: {
    about: 'the lightweight stream: one small record for each archived alert',
    load: async () => (await import('./commands/notices/verbs.ts')).addNotices,
  },
  runtimes: {
    about: 'languages filters can be written in, their libraries and limits',
    load: async () => (await import('./commands/runtimes.ts')).addRuntimes,
  },
  status: {
    about: 'nodes, upstreams, their lag, your filters, and what a system here waits for',
    load: async () => (await import('./commands/status.ts')).addStatus,
  },
}

/** The commands that a command line may mean, over these context. */
async function buildProgram(argv: readonly string[], context: CliContext): Promise<Command> {
  const program = new Command('skysieve')
    .description('Filters over an alert stream: write one, submit it, read what it picks.')
    .option('--url <url>', 'address of the API (SKYSIEVE_URL)')
    .option('--json', 'JSON also on a terminal')
    .configureOutput({ writeOut: text => context.stdout.write(text), writeErr: text => context.stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  const nouns = Object.entries(NOUNS)
  const named = nouns.filter(([name]) => argv.includes(name))
  for (const [, { load }] of named) (await load())(program, context)
  // For help, and for what is mistyped, their names are enough.
  if (named.length === 0) for (const [name, { about }] of nouns) program.command(name).description(about)
  return program
}

/** Runs one command; `argv` is what follows `skysieve`. Resolves with the exit code and throws nothing. */
export async function runCli(argv: readonly string[], context: CliContext = processContext()): Promise<ExitCode> {
  try {
    const program = await buildProgram(argv, context)
    await program.parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // commander has printed its own: a wrong option is the caller's, `--help` is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const out = openOutput(context, argv.includes('--json'))
    if (error instanceof CliError) {
      out.failure(error)
      return error.exitCode
    }
    const message = error instanceof Error ? error.message : String(error)
    out.failure(new CliError('CLI_INTERNAL', EXIT.ourFault, message, { cause: error }))
    return EXIT.ourFault
  }
}
