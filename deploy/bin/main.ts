// What `skysieve` does once its packages are there: start and test are of this folder, everything else is the command line of #api.
// Each is loaded when it is asked for: the command line should not wait for what it does not use.
import { join } from 'node:path'
import type { Language } from '#filters'
import type { Sandbox } from '#sandbox'
import { endSoon } from './end-soon.ts'
import { watchNpm } from './npm-parent.ts'
import { errorText } from './error-text.ts'

/** Ctrl-C reaches us up to three times at once: from the terminal, npm and skysieve.mjs. Later ones mean "now". */
const IMPATIENT_AFTER_MS = 2000

const stopSignal = (): AbortSignal => {
  const stopping = new AbortController()
  let firstMs: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      firstMs ??= performance.now()
      stopping.abort()
      if (performance.now() - firstMs > IMPATIENT_AFTER_MS) process.exit(130)
    })
  // What nobody caught is told, and the system stops in order: its processes would be killed with this one.
  process.on('uncaughtException', error => {
    complain(error)
    stopping.abort()
  })
  // Under `npm start` the launcher that a user sees is npm: when that is gone, even killed, the system stops in order.
  if (process.env['npm_lifecycle_event'] === 'start') watchNpm(() => stopping.abort())
  return stopping.signal
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const OWN_COMMANDS = `skysieve start    a hub, mirror nodes and a simulated survey on this machine (--help: its options)
skysieve test     set-up, checks and all tests
`

const runOwn = async (command: 'start' | 'test', argv: readonly string[]): Promise<number> => {
  const { CACHE_DIR, ROOT, start } = await import('../index.ts')
  if (command === 'start') {
    const screen = { isTerminal: process.stdout.isTTY, write: (text: string) => void process.stdout.write(text) }
    return start({ argv, cwd: process.cwd(), env: process.env, screen, signal: stopSignal() })
  }
  const { runTests } = await import('./run-tests.ts')
  return runTests({ root: ROOT, cacheDir: CACHE_DIR, env: process.env, print })
}

/** Only `filter test` needs it, so it is loaded then. */
const openSandbox = async (language: Language): Promise<Sandbox> => {
  const { openLocalRunSandbox } = await import('../processes/api/local-run-sandbox.ts')
  return openLocalRunSandbox(language, process.env)
}

const runClient = async (argv: readonly string[]): Promise<number> => {
  if (argv.length === 1 && ['--help', '-h', 'help'].includes(argv[0] ?? '')) print(OWN_COMMANDS)
  const { processContext, runCli } = await import('#cli')
  return runCli(argv, processContext(openSandbox))
}

const complain = (error: unknown): void => {
  process.stderr.write(`${errorText(error, join(import.meta.dirname, '../../.cache/faults.log'))}\n`)
  process.exitCode = 1
}

const [command = '--help', ...argv] = process.argv.slice(2)
// A reader that has seen enough, as in `| head`, ends a command without a word; a system goes on unseen.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    if (command !== 'start') process.exit()
  })
// A start has its own way to end.
if (command !== 'start')
  process.on('uncaughtException', error => {
    complain(error)
    process.exit()
  })
try {
  const code =
    command === 'start' || command === 'test' ? await runOwn(command, argv) : await runClient([command, ...argv])
  process.exitCode ??= code
} catch (error) {
  complain(error)
}
endSoon()
