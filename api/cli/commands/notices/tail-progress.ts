// How a reader of notices gets on, for the person waiting: one line that changes on a terminal; elsewhere only that it falls behind.
import type { CliContext } from '../../context/cli-context.ts'
import type { Output } from '../../output/output.ts'

export interface TailProgressOptions {
  readonly out: Pick<Output, 'progress'>
  readonly stderr: CliContext['stderr']
  /** Milliseconds; a test's clock. */
  readonly now?: () => number
}

interface Reading {
  /** Read since the last time. */
  readonly notices: number
  /** Of all, those that were wanted. */
  readonly wanted: number
  /** Positions of the topic that are not read yet. */
  readonly behind: bigint
  readonly fetched?: number
  readonly present?: number
  readonly gone?: number
}

export interface TailProgress {
  read: (reading: Reading) => void
  /** A sentence that stays. */
  say: (text: string) => void
  summary: (topic: string) => string
  close: () => void
}

const EVERY_MS = 1000
/** A reader so far behind is slower than the stream, or was away: at the mean rate of Rubin's nights this is a minute. */
const FAR_BEHIND = 16_000n
const SAY_BEHIND_MS = 60_000

export const openTailProgress = ({ out, stderr, now = () => performance.now() }: TailProgressOptions): TailProgress => {
  const isTerminal = stderr.isTTY === true
  const begunMs = now()
  let [read, shownMs, saidBehindMs] = [0, Number.NEGATIVE_INFINITY, begunMs]
  let last: Reading = { notices: 0, wanted: 0, behind: 0n }
  let hasLine = false

  const end = (): void => {
    if (hasLine) stderr.write('\n')
    hasLine = false
  }
  const fetchedText = ({ fetched, present = 0, gone = 0 }: Reading): string =>
    fetched === undefined
      ? ''
      : `, ${fetched} packets fetched${present > 0 ? `, ${present} there already` : ''}${gone > 0 ? `, ${gone} gone` : ''}`
  const say = (text: string): void => {
    end()
    out.progress(text)
  }
  return {
    say,
    read: reading => {
      read += reading.notices
      last = reading
      const atMs = now()
      if (reading.behind >= FAR_BEHIND && atMs - saidBehindMs >= SAY_BEHIND_MS) {
        saidBehindMs = atMs
        say(`${reading.behind} notices behind: this reader is slower than the stream, or was away`)
      }
      if (!isTerminal || atMs - shownMs < EVERY_MS) return
      shownMs = atMs
      const perSecond = Math.round((read * 1000) / Math.max(1, atMs - begunMs))
      stderr.write(
        `\r\x1b[K${read} notices, ${perSecond}/s, ${reading.wanted} wanted${fetchedText(reading)}, ${reading.behind} behind`,
      )
      hasLine = true
    },
    summary: topic =>
      `${read} notices read from ${topic}` +
      (last.wanted === read && last.fetched === undefined ? '' : `, ${last.wanted} wanted${fetchedText(last)}`) +
      (last.behind > 0n ? `, ${last.behind} behind` : ''),
    close: end,
  }
}
