// What an API instance holds while it leads: the fenced writer of the control topics, through which it does one piece of work at a time.
// In: the group's choices (leader-election.ts). Out: work that runs alone, and a signal for all that may go on only while this instance leads.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '#hub'
import { ApiError } from '../errors.ts'

/** A writer that fences off all earlier ones when it is opened. */
export interface FencedWriter {
  close(): Promise<void>
}

export interface Leadership<W extends FencedWriter> {
  /** Whether the writer is open: writes are possible now. */
  readonly isHeld: boolean
  /** The group has chosen this instance. */
  acquire(): void
  /** The group has chosen another. */
  resign(): void
  /** Runs `work` alone; waits for the leadership if it has to. Throws ApiError API_LEADER_MISSING. */
  run<T>(work: (writer: W) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface LeadershipOptions<W> {
  /** Fences every earlier writer off and reads what they had written. */
  readonly openWriter: () => Promise<W>
  /** Called each time the writer is open; the signal ends when it is given up. */
  readonly onAcquired: (signal: AbortSignal) => void
  readonly onTrouble: (error: unknown) => void
  /** How long work waits for the leadership. */
  readonly waitMs: number
}

const RETRY_MS = 500
const POLL_MS = 20

interface Held<W> {
  readonly writer: W
  readonly ended: AbortController
}

export function openLeadership<W extends FencedWriter>({
  openWriter,
  onAcquired,
  onTrouble,
  waitMs,
}: LeadershipOptions<W>): Leadership<W> {
  let chosen = false
  /** Counts the group's choices: a writer whose opening began before the newest one is not of it. */
  let choice = 0
  let held: Held<W> | undefined
  let acquiring: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()

  const giveUp = async (given: Held<W> | undefined): Promise<void> => {
    if (given === undefined || given.ended.signal.aborted) return
    if (held === given) held = undefined
    given.ended.abort()
    await given.writer.close().catch(onTrouble)
  }
  const acquireWriter = async (): Promise<void> => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- acquire and resign change it meanwhile
    while (chosen && !held) {
      const openedFor = choice
      try {
        const writer = await openWriter()
        if (chosen && openedFor === choice) {
          held = { writer, ended: new AbortController() }
          onAcquired(held.ended.signal)
        } else {
          // The group chose another meanwhile, which may lead by now: nothing may begin with this writer.
          await writer.close().catch(onTrouble)
        }
      } catch (error) {
        onTrouble(error)
        await sleep(RETRY_MS)
      }
    }
    // Without an await since the last look at `chosen`, so that no choice falls between the two.
    acquiring = undefined
  }
  const ensure = (): void => {
    if (acquiring === undefined && chosen && !held) acquiring = acquireWriter()
  }
  const whenHeld = async (): Promise<Held<W>> => {
    for (const deadline = performance.now() + waitMs; ;) {
      if (held) return held
      if (performance.now() > deadline) {
        const message =
          'No instance of the API leads at the moment, so nothing can be changed. Try again in a few seconds.'
        throw new ApiError('API_LEADER_MISSING', message)
      }
      await sleep(POLL_MS)
    }
  }
  const perform = async <T>(work: (writer: W) => Promise<T>): Promise<T> => {
    const current = await whenHeld()
    try {
      return await work(current.writer)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      // Fenced off, or a commit whose fate is unknown: what is in memory may be wrong. Open a new writer, if the group still wants this instance.
      onTrouble(error)
      // This writer alone: by now the group may have chosen this instance again, and a newer one may be open.
      await giveUp(current)
      ensure()
      const message =
        'Another instance leads now, or a write failed half-way. Read again what you changed; try again if it did not.'
      throw new ApiError('API_LEADER_MISSING', message, { cause: error })
    }
  }
  return {
    get isHeld() {
      return held !== undefined
    },
    acquire() {
      chosen = true
      choice += 1
      ensure()
    },
    resign() {
      chosen = false
      void giveUp(held)
    },
    run(work) {
      const turn = last.then(() => perform(work))
      last = turn.catch(() => undefined)
      return turn
    },
    async close() {
      chosen = false
      await acquiring
      await last
      await giveUp(held)
    },
  }
}
