// Trials of filters before they are live: side by side, and whose turn it is goes round by account, so that nobody waits for another's filter that hangs.
// In: a program and its stream. Out: what it passed of 256 sample alerts, or why it cannot go live.
import { type AvroSchema, type Stream } from '#hub'
import { FairQueue, openSamples, type Problem, ProblemCode, type Trial, type TrialOptions, trialRun } from '#filters'
import { type Program, type Sandbox } from '#sandbox'
import { TRIALS_AT_ONCE } from '../settings.ts'

/** Alerts of the sample: enough to meet every class of object in it, few enough to be tried within a second. */
const SAMPLE_ALERTS = 256
/** What a trial may take in all; its sandbox limits each batch, this limits the wait. */
const TRIAL_WITHIN_MS = 30_000
/** One account's filters that hang leave a place for the others'. */
const PER_ACCOUNT = 2
/** What waits beyond this is put off by who asks. */
const WAITING_PER_ACCOUNT = 8

export interface TrialReport {
  /** Empty when it went well. */
  readonly problems: readonly Problem[]
  /** Alerts it was tried on; 0 where there was no sample of its stream: it is not tried. */
  readonly alerts: number
  readonly passed: number
}

interface Tried {
  readonly program: Program
  readonly stream: Stream
  /** Known schemas, newest first. */
  readonly schemas: readonly AvroSchema[]
  readonly cap: number
}

export interface Trials {
  /** `onBegin` is told when it is its turn. Throws FilterError FILTER_BUSY where too many of that account wait. */
  run(account: string, tried: Tried, onBegin?: () => Promise<void>): Promise<TrialReport>
}

export function openTrials(sandbox: Sandbox): Trials {
  const turns = new FairQueue({ atOnce: TRIALS_AT_ONCE, perParty: PER_ACCOUNT, waiting: WAITING_PER_ACCOUNT })
  const samples = openSamples(SAMPLE_ALERTS)
  return {
    run: (account, { program, stream, schemas, cap }, onBegin) =>
      turns.run(account, async () => {
        await onBegin?.()
        const packets = await samples.of(stream, schemas)
        if (packets === undefined) return { problems: [], alerts: 0, passed: 0 }
        const trial = await bounded({ sandbox, program, stream, packets, cap })
        return trial === undefined
          ? { problems: [TOO_LONG], alerts: 0, passed: 0 }
          : { problems: problemsOf(trial), alerts: trial.alerts, passed: trial.passed }
      }),
  }
}

const TOO_LONG: Problem = {
  code: ProblemCode.effort,
  message: `its trial on ${SAMPLE_ALERTS} alerts took longer than ${TRIAL_WITHIN_MS / 1000} s; make it cheaper, or submit it again if the system was busy`,
}

/** Problems that keep a filter from going live: it failed as a whole, or on every single alert. */
function problemsOf({ failure, firstError, alerts, errors }: Trial): readonly Problem[] {
  if (failure) return [{ code: ProblemCode.unsupported, ...failure.error }]
  if (firstError === undefined || errors < alerts) return []
  const { alert, message, ...place } = firstError
  return [
    {
      code: ProblemCode.unsupported,
      message: `it fails on every alert of the sample, first on ${alert}: ${message}`,
      ...place,
    },
  ]
}

/** The trial, or undefined when it takes too long; then it ends by itself, by the sandbox's own limits. */
async function bounded(options: TrialOptions): Promise<Trial | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, TRIAL_WITHIN_MS, undefined)
  const trial = trialRun(options)
  trial.catch(() => undefined)
  return Promise.race([trial, promise]).finally(() => clearTimeout(timer))
}
