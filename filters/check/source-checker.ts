// Checks authors' sources in processes of their own, with limits of time and memory; accounts take turns. No text of an author's is parsed in a process that
// serves anybody else.
import { type Language } from '../manifest.ts'
import { type CheckOptions, MAX_SOURCE_CHARS, type SourceCheck, tooLarge } from './check-source.ts'
import { columnsOffered } from './fields/columns-read.ts'
import { FairQueue } from './fair-queue.ts'
import { CHECK_LIMITS, type CheckProcess, type CheckLimits, startCheckProcess } from './start-check-process.ts'

export interface SourceChecker {
  /** Throws FilterError FILTER_BUSY where too many of that account wait. A source that cannot be read within the limits is refused. */
  check(language: Language, source: string, options: CheckOptions, account?: string): Promise<SourceCheck>
  close(): void
}

export interface SourceCheckerOptions {
  /** Processes at most; each takes about 60 MB. */
  readonly size?: number
  readonly limits?: CheckLimits
  /** Starts one before the first source comes, and keeps it. */
  readonly isWarm?: boolean
  /** Sources of one account that may wait. */
  readonly waiting?: number
  /** How long one that has nothing to do stays. */
  readonly restMs?: number
}

/** More than anybody sends one after another; each has a source of 256 KB at most. */
const WAITING_PER_ACCOUNT = 200
const REST_MS = 60_000

/** Opens a checker. Its processes start when they are needed and stay. */
export function openSourceChecker({
  size = 2,
  limits = CHECK_LIMITS,
  isWarm = false,
  waiting = WAITING_PER_ACCOUNT,
  restMs = REST_MS,
}: SourceCheckerOptions = {}): SourceChecker {
  const queue = new FairQueue({ atOnce: size, perParty: Math.max(1, size - 1), waiting })
  const all = new Set<CheckProcess>(isWarm ? [startCheckProcess(limits)] : [])
  /** Those with nothing to do, and what ends them if that stays so. */
  const free: { readonly child: CheckProcess; readonly timer?: NodeJS.Timeout }[] = [...all].map(child => ({ child }))
  const end = (child: CheckProcess): void => {
    all.delete(child)
    child.end()
  }
  /** Ends what has nothing to do, but for the one that is kept warm. */
  const rest = (child: CheckProcess): void => {
    const timer = setTimeout(() => {
      if (isWarm && all.size === 1) return
      free.splice(
        free.findIndex(({ child: one }) => one === child),
        1,
      )
      end(child)
    }, restMs)
    timer.unref()
    free.push({ child, timer })
  }
  return {
    async check(language, source, { fields, cutouts = false }, account = '') {
      // What is too large is not even handed over.
      if (source.length > MAX_SOURCE_CHARS) return { ok: false, problems: [tooLarge(source)] }
      return queue.run(account, async () => {
        const rested = free.pop()
        clearTimeout(rested?.timer)
        const child = rested?.child ?? startCheckProcess(limits)
        all.add(child)
        let isSpent = true
        try {
          const answer = await child.ask({ language, source, fields, cutouts })
          isSpent = answer.isSpent
          const { check } = answer
          return check.ok ? { ...check, offers: columnsOffered(fields, cutouts) } : check
        } finally {
          if (isSpent) end(child)
          else rest(child)
        }
      })
    },
    close() {
      for (const child of all) child.end()
    },
  }
}
