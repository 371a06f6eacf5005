// Runs a program of the system to its end. One that a signal ended is run again: somebody else's signal says nothing about this machine.
import { execFileSync } from 'node:child_process'

const MAX_TRIES = 4

const endedBySignal = (error: unknown): boolean =>
  error instanceof Error && 'signal' in error && typeof error.signal === 'string'

/** What it wrote to its standard output. Throws what execFileSync throws. */
export function runTool(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): string {
  for (let tries = 1; ; tries++) {
    try {
      return execFileSync(program, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(env === undefined ? {} : { env }),
      })
    } catch (error) {
      if (tries === MAX_TRIES || !endedBySignal(error)) throw error
    }
  }
}
