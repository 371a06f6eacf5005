// What becomes of work whose container ended without anything to blame its filter for: it is tried again, but not for ever. A pure rule.
import { type Failure } from '../../sandbox.ts'
import { type ContainerEnd } from '../process/container-process.ts'
import { type Step } from './blame.ts'

const failure = (reason: Failure['reason'], message: string): Failure => ({ reason, error: { message } })

/** Ends in a row of the same step without a reason, after which the filter pays all the same; a machine that gives no processor may do so for long. */
const MAX_BLAMELESS_ENDS = 3
const MAX_STARVED_ENDS = 5

/** For a filter whose container ends again and again on the same batch, though nothing shows why. */
export function endlessEnds({ killedFor }: ContainerEnd, times: number, { limitMs }: Step): Failure | undefined {
  if (killedFor === 'starved')
    return times < MAX_STARVED_ENDS
      ? undefined
      : failure(
          'timeout',
          `did not answer within ${limitMs} ms, ${times} times in a row; its container was ended each time`,
        )
  return times < MAX_BLAMELESS_ENDS
    ? undefined
    : failure('crash', `its container ended ${times} times in a row on the same batch`)
}
