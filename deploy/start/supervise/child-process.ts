// One child of the launcher: bound to its life, in a process group of its own, its output in a log file.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** What the kernel sends when the launcher dies; KILL by default. TERM is for a process that has others to end first. */
  readonly atLauncherDeath?: 'KILL' | 'TERM'
}

interface Exit {
  /** In words: "exit code 1", "SIGKILL", "cannot run java: …". */
  readonly how: string
  readonly clean: boolean
}

export interface RunningProcess {
  readonly pid: number | undefined
  /** Resolves when it has ended and nothing of its group is left. */
  readonly ended: Promise<Exit>
  readonly signal: (name: NodeJS.Signals) => void
}

// The kernel ends the child when the launcher dies, even by SIGKILL. A launcher that died before setpriv asked for that is
// seen by the shell: its parent is then another one.
const GUARD = '[ "$PPID" = "$0" ] && exec "$@"'

/**
 * Starts a command with its output appended to `logFile`. It has a group of its own: Ctrl-C in the terminal reaches only the
 * launcher, which stops its children in order.
 */
export const startProcess = (
  { command, args, env, cwd, atLauncherDeath = 'KILL' }: Command,
  logFile: string,
): RunningProcess => {
  const log = openSync(logFile, 'a', 0o600)
  const bound = ['--pdeathsig', atLauncherDeath, '--', 'sh', '-c', GUARD, String(process.pid), command, ...args]
  const child = spawn('setpriv', bound, { env: { ...env }, cwd, detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  const { promise: ended, resolve } = Promise.withResolvers<Exit>()
  child.once('error', error => resolve({ how: `cannot run ${command}: ${error.message}`, clean: false }))
  child.once('exit', (code, signal) => {
    signalGroup(child.pid, 'SIGKILL')
    resolve({ how: signal ?? `exit code ${code}`, clean: code === 0 })
  })
  return { pid: child.pid, ended, signal: name => signalGroup(child.pid, name) }
}

const signalGroup = (pid: number | undefined, name: NodeJS.Signals): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
