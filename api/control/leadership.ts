// The leader's office: while the group says so, this instance holds the fenced writer, and work is done one piece at a time.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '#hub'
import { ApiError } from '../errors.ts'

/** What writes while in office. */
export interface OfficeWriter {
  close(): Promise<void>
}

export interface Office<W extends OfficeWriter> {
  readonly isHeld: boolean
  /** The group has chosen this instance. */
  enter(): void
  /** The group has chosen another. */
  leave(): void
  /** Runs `work` alone; waits for the office if it has to. Throws ApiError API_LEADER_MISSING. */
  run<T>(work: (writer: W) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface OfficeOptions<W> {
  /** Fences every earlier writer off and reads what they had written. */
  readonly take: () => Promise<W>
  readonly onTerm: (signal: AbortSignal) => void
  readonly onTrouble: (error: unknown) => void
  /** How long work waits for the office. */
  readonly waitMs: number
}

const RETRY_MS = 500
const POLL_MS = 20

interface Term<W> {
  readonly writer: W
  readonly ended: AbortController
}

export function openOffice<W extends OfficeWriter>({ take, onTerm, onTrouble, waitMs }: OfficeOptions<W>): Office<W> {
  let chosen = false
  /** Counts the group's choices: a take that began before the newest one is not of it. */
  let choice = 0
  let term: Term<W> | undefined
  let taking: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()

  const end = async (ended: Term<W> | undefined): Promise<void> => {
    if (ended === undefined || ended.ended.signal.aborted) return
    if (term === ended) term = undefined
    ended.ended.abort()
    await ended.writer.close().catch(onTrouble)
  }
  const takeOffice = async (): Promise<void> => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- enter and leave change it meanwhile
    while (chosen && !term) {
      const taken = choice
      try {
        const writer = await take()
        if (chosen && taken === choice) {
          term = { writer, ended: new AbortController() }
          onTerm(term.ended.signal)
        } else {
          // The group chose another meanwhile: this is no term, and nothing of one may begin, for the other's has begun.
          await writer.close().catch(onTrouble)
        }
      } catch (error) {
        onTrouble(error)
        await sleep(RETRY_MS)
      }
    }
    // In the same turn as the last look at what was chosen, so that no choice falls between the two.
    taking = undefined
  }
  const ensure = (): void => {
    if (taking === undefined && chosen && !term) taking = takeOffice()
  }
  const whenHeld = async (): Promise<Term<W>> => {
    for (const deadline = performance.now() + waitMs; ;) {
      if (term) return term
      if (performance.now() > deadline) {
        const message =
          'No instance of the API leads at the moment, so nothing can be changed. Try again in a few seconds.'
        throw new ApiError('API_LEADER_MISSING', message)
      }
      await sleep(POLL_MS)
    }
  }
  const perform = async <T>(work: (writer: W) => Promise<T>): Promise<T> => {
    const held = await whenHeld()
    try {
      return await work(held.writer)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      // Fenced off, or a commit whose fate is unknown: what is in memory may be wrong. Take the office anew, if it is still ours.
      onTrouble(error)
      // Of this term alone: by now the group may have chosen this instance again.
      await end(held)
      ensure()
      const message =
        'Another instance leads now, or a write failed half-way. Read again what you changed; try again if it did not.'
      throw new ApiError('API_LEADER_MISSING', message, { cause: error })
    }
  }
  return {
    get isHeld() {
      return term !== undefined
    },
    enter() {
      chosen = true
      choice += 1
      ensure()
    },
    leave() {
      chosen = false
      void end(term)
    },
    run(work) {
      const turn = last.then(() => perform(work))
      last = turn.catch(() => undefined)
      return turn
    },
    async close() {
      chosen = false
      await taking
      await last
      await end(term)
    },
  }
}
