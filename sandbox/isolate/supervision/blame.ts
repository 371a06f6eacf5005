// Whose fault the end of a host is. A filter pays only for what it did; a host that was killed or stopped from outside is rerun without blame.
import { GRACE_MS } from '../../protocol/chargeable-cpu.ts'
import { Phase } from '../../protocol/wire.ts'
import { type Failure, type Limits } from '../../sandbox.ts'
import { type HostEnd } from '../process/host-process.ts'

/** Signals a filter can bring about from inside: aborts of V8, bad memory, a refused system call. */
const FATAL = { SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11, SIGSYS: 31 } as const
const FATAL_NUMBERS: readonly number[] = Object.values(FATAL)
const MEMORY = /out of memory|allocation failed|invalid (?:string|array|size)|heap limit|table size/i

const failure = (reason: Failure['reason'], message: string): Failure => ({ reason, error: { message } })

/** A wrapper reports a signal n as exit code 128 + n. */
export const fatalSignal = ({ code, signal }: HostEnd): number | undefined => {
  const number = signal === null ? (code ?? 0) - 128 : (FATAL[signal as keyof typeof FATAL] ?? 0)
  return FATAL_NUMBERS.includes(number) ? number : undefined
}

/** Whether the memory of all its filters together ended it. */
export const isOfMemory = ({ outOfMemory, killedFor }: HostEnd): boolean => outOfMemory || killedFor === 'full'

/**
 * What the filter named by the last intent did to its host, or nothing when it did nothing. `grownMb` is how much the host grew while it ran
 * beyond the filter's mailbox: when a host is ended for its memory, but this filter took little of it, many filters together did.
 */
export function blame(end: HostEnd, limits: Limits, grownMb: number): Failure | undefined {
  if (end.intent.phase === Phase.idle) return undefined
  const { killedFor } = end
  if (isOfMemory(end) && grownMb < limits.memoryMb) return undefined
  if (isOfMemory(end) || killedFor === 'memory')
    return failure('out-of-memory', `used more memory than its limit (${limits.memoryMb} MB); its process was ended`)
  if (killedFor === 'deadline')
    return failure(
      'timeout',
      `still running after ${limits.batchMs} ms, the limit of one batch, in a call that cannot be interrupted; its process was ended`,
    )
  // What was said wrongly was said of an earlier step than that of the last intent.
  if (killedFor !== undefined) return undefined
  const signal = fatalSignal(end)
  if (signal === FATAL.SIGSYS)
    return failure('crash', 'its process made a system call that is not allowed and was ended')
  if (signal !== undefined && MEMORY.test(end.stderr))
    return failure('out-of-memory', `used more memory than its limit (${limits.memoryMb} MB); its process ended itself`)
  if (signal !== undefined) return failure('crash', `its process crashed (signal ${signal}) while it ran`)
  // Node's own fatal exits are small codes; 0 and 128 + n of an ordinary signal come from outside.
  if (end.signal === null && end.code !== null && end.code > 0 && end.code < 128)
    return failure('crash', `its process ended (code ${end.code}) while it ran`)
  return undefined
}

/** CPU time a filter is charged for the step its host was ended in; what it did before is in its earlier verdicts. */
export const chargedMs = ({ killedFor }: HostEnd, { batchMs }: Limits): number =>
  killedFor === 'deadline' || killedFor === 'memory' ? batchMs + GRACE_MS : 0
