// `skysieve start`: from the options to a running system or node, and to its end.
import { PURPOSES } from '../setup/purposes.ts'
import { setUp } from '../setup/set-up.ts'
import { CACHE_DIR } from '../paths.ts'
import { type Screen } from './dashboard.ts'
import { takeDataDir } from './launcher.ts'
import { startOptions } from './layout/options.ts'
import { START_USAGE } from './layout/usage.ts'
import { startNode } from './start-node.ts'
import { startSystem } from './start-system.ts'

export interface StartContext {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly screen: Screen
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

/** Runs it until the signal; resolves to the exit code. Throws DeployError when it cannot start; nothing is left running. */
export const start = async ({ argv, cwd, env, screen, signal }: StartContext): Promise<number> => {
  const startedMs = performance.now()
  const options = startOptions(argv, cwd)
  if (options === undefined) {
    screen.write(`${START_USAGE}\n`)
    return 0
  }
  const { join } = options
  const parts = (join === undefined ? PURPOSES.start : PURPOSES.node).filter(
    part => part !== 'engine' || options.python,
  )
  await setUp({ parts, cacheDir: CACHE_DIR, env, print: line => screen.write(`${line}\n`) })
  const lock = await takeDataDir(options.dataDir)
  try {
    const context = { env, screen, startedMs, signal }
    await (join === undefined ? startSystem(options, context) : startNode({ ...options, join }, context))
    return 0
  } finally {
    await lock.release()
  }
}
