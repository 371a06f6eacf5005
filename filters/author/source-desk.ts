// Where sources are read before they run: in processes of their own, with limits, whose turn it is going round by account. No text of an author's is
// ever parsed in a process that serves anybody else.
import { type Language } from '../manifest.ts'
import { type CheckOptions, MAX_SOURCE_CHARS, type SourceCheck, tooLarge } from './check-source.ts'
import { columnsOffered } from './columns-read.ts'
import { FairTurns } from './fair-turns.ts'
import { SOURCE_LIMITS, type SourceChild, type SourceChildLimits, startSourceChild } from './source-child.ts'

export interface SourceDesk {
  /** Throws FilterError FILTER_BUSY where too many of that account wait. A source that cannot be read within the limits is refused. */
  check(language: Language, source: string, options: CheckOptions, account?: string): Promise<SourceCheck>
  close(): void
}

export interface SourceDeskOptions {
  /** Processes at most; each takes about 60 MB. */
  readonly size?: number
  readonly limits?: SourceChildLimits
  /** Starts one before the first source comes. */
  readonly isWarm?: boolean
}

const WAITING_PER_ACCOUNT = 50

/** Opens a desk. Its processes start when they are needed and stay. */
export function openSourceDesk({
  size = 2,
  limits = SOURCE_LIMITS,
  isWarm = false,
}: SourceDeskOptions = {}): SourceDesk {
  const turns = new FairTurns({ atOnce: size, perParty: Math.max(1, size - 1), waiting: WAITING_PER_ACCOUNT })
  const free: SourceChild[] = isWarm ? [startSourceChild(limits)] : []
  const all = new Set<SourceChild>(free)
  return {
    async check(language, source, { fields, cutouts = false }, account = '') {
      // What is too large is not even handed over.
      if (source.length > MAX_SOURCE_CHARS) return { ok: false, problems: [tooLarge(source)] }
      return turns.run(account, async () => {
        const child = free.pop() ?? startSourceChild(limits)
        all.add(child)
        let isSpent = true
        try {
          const answer = await child.ask({ language, source, fields, cutouts })
          isSpent = answer.isSpent
          const { check } = answer
          return check.ok ? { ...check, offers: columnsOffered(fields, cutouts) } : check
        } finally {
          if (isSpent) {
            all.delete(child)
            child.end()
          } else free.push(child)
        }
      })
    },
    close() {
      for (const child of all) child.end()
    },
  }
}
