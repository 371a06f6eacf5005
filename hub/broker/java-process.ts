// A Java program as a child of this process: the last lines of its log, how it ended, and ways to end it. For tests and benches.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Command } from './broker-command.ts'

const TAIL_LINES = 40
const STOP_LIMIT_MS = 10_000

export interface JavaProcess {
  readonly pid: number
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>
  /** The last lines of its log. */
  tail: () => readonly string[]
  /** SIGTERM, and SIGKILL after 10 s. */
  stop: () => Promise<void>
  /** SIGKILL, as a crash would end it. */
  kill: () => Promise<void>
}

export interface JavaChildEvents {
  readonly onLine?: (line: string) => void
  /** `what` is its signal, its exit code, or why it could not be run; the last lines are those before it ended. */
  readonly onEnd: (what: string, tail: readonly string[]) => void
}

export const startJavaProcess = (
  { command, args, env, cwd }: Command,
  { onLine, onEnd }: JavaChildEvents,
): JavaProcess => {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      lines.push(line)
      if (lines.length > TAIL_LINES) lines.shift()
      onLine?.(line)
    })
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const end = (what: string): void => {
    onEnd(what, lines)
    resolve()
  }
  child.once('error', error => end(error.message))
  child.once('close', (code, signal) => end(signal ?? `code ${code}`))
  const stopBy = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await ended
    clearTimeout(limit)
  }
  // There is no process id where the program could not be run; that has been told by then.
  return { pid: child.pid!, ended, tail: () => lines, stop: () => stopBy('SIGTERM'), kill: () => stopBy('SIGKILL') }
}
