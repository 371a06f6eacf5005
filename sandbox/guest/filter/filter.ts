// One filter of a host. In come its source and batches, out come its verdicts: its mailbox, its isolate, and what is done when it reads records in ways that the
// isolate was not made for.
import { type LoadMessage, Phase } from '../../protocol/wire.ts'
import { openDelivery, openMailbox, type Mailbox } from '../mailbox/delivery.ts'
import { type Frame } from '../mailbox/frame-reader.ts'
import { RerunFlag, planMailbox } from '../mailbox/mailbox-plan.ts'
import { type CpuMeter } from './cpu-meter.ts'
import { LoadFailure } from './explain-failure.ts'
import { type Evaluated, openFilterIsolate, type FilterIsolate } from './filter-isolate.ts'
import { mayKeep } from './may-keep.ts'

export interface Filter {
  readonly mailbox: Mailbox
  readonly description: string
  /** `mark` is told each phase that follows within it. */
  evaluate(frame: Frame, mark: (phase: number) => void): Evaluated
  dispose(): void
}

/** What only plain objects answer as the language says; other ways to look at a record are noticed when it is looked at. */
const NEEDS_PLAIN = /\b(?:delete|eval|Function)\b|__proto__['"]?\s*:(?!\s*null)/
/** Filters of this process that were found to look at records so, for when they are loaded again; beyond it all are forgotten. */
const MAX_KNOWN = 500
const knownPlain = new Set<string>()

const keyOf = ({ source }: LoadMessage): string => `${source.length} ${source.slice(0, 80)} ${source.slice(-80)}`

/** Makes a filter ready to be called. Throws `LoadFailure` with what the author is told. */
export function openFilter(message: LoadMessage, meter: CpuMeter): Filter {
  const plan = planMailbox(message.reads, message.offers)
  const mailbox = openMailbox(plan)
  const deliver = openDelivery(mailbox)
  const { names } = plan.records
  const rerun = mailbox.words.subarray(plan.rerunWord, plan.rerunWord + 1 + Math.ceil(names.length / 32))
  const isWanted = (name: string, number: number): boolean =>
    (((rerun[1 + (number >>> 5)] ?? 0) >>> (number & 31)) & 1) === 1 && !plan.places.has(name)

  const plain = NEEDS_PLAIN.test(message.source) || knownPlain.has(keyOf(message)) || plan.records.needsPlain
  const keeps = mayKeep(message.source)
  let isolate: FilterIsolate = openFilterIsolate(message, { mailbox, meter, plain, mayKeep: keeps })

  /** What came of a batch, unless records have to be plain for it. */
  const outcome = (evaluated: Evaluated): Evaluated | undefined => {
    const flags = rerun[0] ?? 0
    if (flags & RerunFlag.plain) {
      if (knownPlain.size >= MAX_KNOWN) knownPlain.clear()
      knownPlain.add(keyOf(message))
    }
    // However the batch ended: with a value that was not there no end is the author's.
    if (flags & RerunFlag.values)
      return { scored: false, extra: '', wants: names.filter(isWanted), cpuMs: evaluated.cpuMs }
    return flags & RerunFlag.plain ? undefined : evaluated
  }

  const becomePlain = (): LoadFailure | undefined => {
    isolate.dispose()
    try {
      isolate = openFilterIsolate(message, { mailbox, meter, plain: true, mayKeep: keeps })
      return undefined
    } catch (error) {
      if (error instanceof LoadFailure) return error
      throw error
    }
  }

  return {
    mailbox,
    get description() {
      return isolate.description
    },
    evaluate(frame, mark) {
      deliver(frame)
      rerun.fill(0)
      const first = isolate.evaluate(frame)
      const done = outcome(first)
      if (done !== undefined) return done
      mark(Phase.load)
      meter.begin()
      const failed = becomePlain()
      const cpuMs = first.cpuMs + meter.end()
      if (failed !== undefined) {
        const reason = failed.reason === 'syntax' || failed.reason === 'no-filter' ? 'error' : failed.reason
        return { scored: false, extra: '', failure: { reason, error: failed.told }, cpuMs }
      }
      mark(Phase.evaluate)
      rerun.fill(0)
      const second = isolate.evaluate(frame)
      return { ...(outcome(second) ?? second), cpuMs: cpuMs + second.cpuMs }
    },
    dispose: () => isolate.dispose(),
  }
}
