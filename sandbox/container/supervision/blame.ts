// Whose fault the end of a container is. A filter pays only for what it did; a container killed or stopped from outside, and a lost engine, cost it nothing.
import { type Failure } from '../../sandbox.ts'
import { type ContainerEnd } from '../process/container-process.ts'

const SIGKILLED = 137
/** How an init says that it could not start the program. */
const START_CODES = [125, 126, 127]

const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  11: 'SIGSEGV',
  31: 'SIGSYS',
}

const failure = (reason: Failure['reason'], message: string): Failure => ({ reason, error: { message } })

/** Limits a message names: what had to be done within `limitMs`, and the memory of its filter. */
export interface Step {
  readonly doing: 'load' | 'batch'
  readonly limitMs: number
  readonly memoryMb: number
}

/** What the filter did to its container, with its first error of the batch; nothing when it did nothing. */
export function blame(end: ContainerEnd, step: Step): Failure | undefined {
  const found = deedOf(end, step)
  if (found === undefined || end.noted === undefined) return found
  const { message, ...position } = end.noted
  return { ...found, error: { message: `${found.error.message}; its first error was: ${message}`, ...position } }
}

function deedOf({ exitCode, outOfMemory, killedFor, detail }: ContainerEnd, step: Step): Failure | undefined {
  if (killedFor === 'deadline') {
    const limit = step.doing === 'load' ? 'the limit of loading a filter' : 'the limit of one batch'
    return failure(
      'timeout',
      `still running after ${step.limitMs} ms, ${limit}${detail === undefined ? '' : `, ${detail}`}; its container was ended`,
    )
  }
  if (killedFor === 'protocol')
    return failure(
      'protocol',
      `broke the conversation with its host: ${detail ?? 'said what was not asked'}; its container was ended`,
    )
  if (killedFor !== undefined && killedFor !== 'memory') return undefined
  if (outOfMemory || killedFor === 'memory')
    return failure('out-of-memory', `used more memory than its limit (${step.memoryMb} MB); its container was ended`)
  if (exitCode === undefined || [SIGKILLED, ...START_CODES].includes(exitCode)) return undefined
  if (exitCode <= 128) return failure('crash', `its process ended with exit code ${exitCode}`)
  const signal = exitCode - 128
  return failure('crash', `its process crashed (${SIGNALS[signal] ?? `signal ${signal}`}, exit code ${exitCode})`)
}
