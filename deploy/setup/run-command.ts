// Programs that set-up runs: their output is kept and shown only when they fail.
import { spawn } from 'node:child_process'
import { DeployError } from '../errors.ts'

const KEPT_CHARACTERS = 4000

export interface Outcome {
  /** null when a signal ended it. */
  readonly code: number | null
  /** The end of stdout and stderr together. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly limitMs?: number
  /** Ends it by SIGKILL. */
  readonly signal?: AbortSignal
}

/** Runs a program without a terminal. A program that is not there has the code 127, as in a shell. */
export const tryCommand = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
  const { cwd, env, limitMs, signal } = options
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(limitMs === undefined ? {} : { timeout: limitMs }),
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS)
    })
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  child.once('error', error => resolve({ code: 127, output: error.message }))
  child.once('close', code => resolve({ code, output }))
  return promise
}

/** As tryCommand, but throws DeployError DEPLOY_SETUP_FAILED with the end of its output unless it ends with 0. */
export const runCommand = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> => {
  const { code, output } = await tryCommand(command, args, options)
  if (code === 0) return output
  throw new DeployError(
    'DEPLOY_SETUP_FAILED',
    `\`${[command, ...args].join(' ')}\` ended with ${code ?? 'a signal'}. Its last output:\n${output.trim()}`,
  )
}
