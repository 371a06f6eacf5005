// What `skysieve` does once its packages are there: start and test are of this folder, everything else is the command line of #api.
import { processSurroundings, runCli } from '#api'
import { CACHE_DIR, DeployError, ROOT, start } from '../index.ts'
import { openDeskSandbox } from '../processes/api/desk-sandbox.ts'
import { watchNpm } from './npm-parent.ts'
import { runTests } from './tests.ts'

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
  // Under `npm start` the launcher that a user sees is npm: when that is gone, even killed, the system stops in order.
  if (process.env['npm_lifecycle_event'] === 'start') watchNpm(() => stopping.abort())
  return stopping.signal
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const OWN_COMMANDS = `skysieve start    a hub, mirror nodes and a simulated survey on this machine (--help: its options)
skysieve test     set-up, checks and all tests
`

const [command = '--help', ...argv] = process.argv.slice(2)
try {
  if (command === 'start') {
    const screen = {
      isTerminal: process.stdout.isTTY,
      write: (text: string) => void process.stdout.write(text),
    }
    process.exitCode = await start({ argv, cwd: process.cwd(), env: process.env, screen, signal: stopSignal() })
  } else if (command === 'test') {
    process.exitCode = await runTests({ root: ROOT, cacheDir: CACHE_DIR, env: process.env, print })
  } else {
    if (['--help', '-h', 'help'].includes(command) && argv.length === 0) print(OWN_COMMANDS)
    process.exitCode = await runCli([command, ...argv], processSurroundings(openDeskSandbox))
  }
} catch (error) {
  if (!(error instanceof DeployError || (error instanceof Error && error.name === 'HubError'))) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
