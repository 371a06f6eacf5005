// What becomes of work whose host ended without a filter to blame. A pure rule. Something inside is at fault when the host broke the protocol, did not get
// on, or ended by itself: then the batch is split until the filter is found. What came from outside is tried again first, since it is mostly nobody's fault.
import { GRACE_MS } from '../../protocol/chargeable-cpu.ts'
import { type Failure, type Limits } from '../../sandbox.ts'
import { type HostEnd } from '../process/host-process.ts'
import { fatalSignal, isOfMemory } from './blame.ts'

/** Ends from outside after which a batch, and then each part of it, is split. */
const TRIES = { whole: 5, part: 2 } as const
/** Ends from outside of a filter alone. */
const TRIES_ALONE = 5
/** Ends from outside of one evaluation of several filters, none of which was answered: then it is the machine. */
const MAX_UNANSWERED = 16
/** Loads of a program that its host did not survive. */
const LOAD_TRIES = { inside: 2, outside: 5 } as const

/** The batch, or the part of it, that a host was at when it ended. */
export interface UnblamedEnd {
  /** Ends of hosts at this part. */
  readonly ends: number
  /** Filters in it. */
  readonly filters: number
  /** Filters the whole evaluation was for. */
  readonly asked: number
  /** Ends of hosts at any part of the evaluation. */
  readonly endsInAll: number
  /** Some of the evaluation's other filters have their verdicts. */
  readonly othersAnswered: boolean
  /** The evaluation has had all the time one may have. */
  readonly isLate: boolean
}

/** `again`: as it is. `split`: in halves. `convict`: whoever is in it has failed. `give-up`: no host lives here. */
export type Step = 'again' | 'split' | 'convict' | 'give-up'

/** Whether something in the host ended it, as far as that can be known. */
const isFromInside = (end: HostEnd): boolean => {
  const { killedFor, code, signal } = end
  if (isOfMemory(end)) return true
  if (killedFor !== undefined) return killedFor === 'protocol' || killedFor === 'overdue'
  return fatalSignal(end) !== undefined || (signal === null && code !== null && code > 0 && code < 128)
}

/** Not to be called when nobody is left in the part. */
export function afterEnd(end: HostEnd, trouble: UnblamedEnd): Step {
  const { ends, filters, asked, endsInAll, othersAnswered, isLate } = trouble
  if (isLate) return asked === filters && asked > 1 && !othersAnswered ? 'give-up' : 'convict'
  if (isFromInside(end)) return filters > 1 ? 'split' : 'convict'
  if (asked > 1 && !othersAnswered && endsInAll > MAX_UNANSWERED) return 'give-up'
  if (filters > 1) return ends >= (filters === asked ? TRIES.whole : TRIES.part) ? 'split' : 'again'
  if (ends < TRIES_ALONE) return 'again'
  return asked === 1 || othersAnswered ? 'convict' : 'give-up'
}

/** The same for the load of a program; `othersAnswered`: the host had loaded others before. */
export function afterEndOfLoad(end: HostEnd, ends: number, othersAnswered: boolean): Step {
  if (isFromInside(end)) return ends >= LOAD_TRIES.inside ? 'convict' : 'again'
  if (ends < LOAD_TRIES.outside) return 'again'
  return othersAnswered ? 'convict' : 'give-up'
}

/** What the filter is charged with that was alone when its host ended, or is the only one left. */
export function failureOf(end: HostEnd, ends: number, { memoryMb }: Limits): Failure {
  const { killedFor, code, signal } = end
  if (killedFor === 'protocol')
    return failure('protocol', 'broke the conversation with its host process: its answer cannot be read')
  if (killedFor === 'overdue' || killedFor === 'starved')
    return failure('timeout', 'its host process neither answered nor stopped by itself, and was ended')
  if (isOfMemory(end)) return failure('out-of-memory', `its process has no room for it: its limit is ${memoryMb} MB`)
  const how = killedFor ?? signal ?? (code === null ? 'by a signal' : `code ${code}`)
  return failure(
    'crash',
    `its host process ended ${ends === 1 ? 'while it ran' : `${ends} times in a row while it ran`} (${how})`,
  )
}

/** Time beyond the limits of the filters. */
export interface Patience {
  /** For one piece of work: a host reads the batch, loads what it lacks, answers. */
  readonly workMs: number
  /** For all parts and tries of one evaluation. */
  readonly totalMs: number
}

export const PATIENCE: Patience = { workMs: 10_000, totalMs: 120_000 }

const sumOf = (limits: readonly Limits[]): number => limits.reduce((sum, { batchMs }) => sum + batchMs + GRACE_MS, 0)

/** How long a host may be at one piece of work in which these filters have their limits each. */
export const workLimitMs = (limits: readonly Limits[], { workMs }: Patience): number => workMs + sumOf(limits)

/** How long hosts may be at one evaluation of these filters. */
export const totalLimitMs = (limits: readonly Limits[], { totalMs }: Patience): number => totalMs + 2 * sumOf(limits)

const failure = (reason: Failure['reason'], message: string): Failure => ({ reason, error: { message } })
