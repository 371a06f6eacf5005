// Keeps a shard running: one incarnation after another, each restored from what the last one committed. A commit that failed or whose fate is unknown ends an
// incarnation; being fenced (publish/zombie-fencing.ts) ends the shard, and with it the process.
import { setTimeout as sleep } from 'node:timers/promises'
import { FilterError } from '../errors.ts'
import { fencedError } from '../publish/zombie-fencing.ts'
import { type IncarnationOptions, type LiveShard, runIncarnation } from './incarnation.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000
/** An incarnation this long was a good one: the next failure starts with the first pause again. */
const GOOD_RUN_MS = 30_000

/** A shard that this process runs. */
export interface Shard {
  readonly number: number
  /** Its present incarnation; undefined while it is being restored. */
  readonly current: LiveShard | undefined
  /** Why its last incarnation ended. */
  readonly lastFailure: Error | undefined
  /** Rejects with FILTER_FENCED or FILTER_PROGRESS_CORRUPT, which no further incarnation can mend; resolves when it was closed. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

export interface ShardOptions extends Omit<IncarnationOptions, 'signal'> {
  /** Resolves when nobody else can have been given the shards of this worker. */
  readonly confirmed: (signal: AbortSignal) => Promise<void>
}

/** Codes that end a shard for good. */
const FINAL: ReadonlySet<string> = new Set(['FILTER_FENCED', 'FILTER_PROGRESS_CORRUPT'])

/** Starts a shard. Returns at once; its incarnations follow each other until it is closed. */
export function startShard(options: ShardOptions): Shard {
  const stop = new AbortController()
  const { signal } = stop
  const state: { current: LiveShard | undefined; lastFailure: Error | undefined } = {
    current: undefined,
    lastFailure: undefined,
  }

  const run = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const startedMs = performance.now()
      try {
        await runIncarnation({ ...options, signal }, shard => (state.current = shard))
      } catch (error) {
        if (signal.aborted) return
        // Fenced outside the committer, e.g. at a restore's barrier, it is no less a zombie.
        const failure = fencedError(error) ?? errorOf(error)
        state.lastFailure = failure
        if (failure instanceof FilterError && FINAL.has(failure.code)) throw failure
        options.log.error({ err: failure, shard: options.place.shard }, 'the shard is restored from its progress')
        if (performance.now() - startedMs > GOOD_RUN_MS) pauseMs = FIRST_PAUSE_MS
        // It was too slow, slept, or was cut off, and somebody else may have the shard: a new incarnation would fence that one.
        await options.confirmed(signal).catch(() => undefined)
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
        // A filter's topic may have been deleted under it: those that are missing are made anew.
        options.topics.renew()
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
      } finally {
        state.current = undefined
      }
    }
  }
  const ended = run()
  ended.catch(() => undefined)
  return {
    number: options.place.shard,
    get current() {
      return state.current
    },
    get lastFailure() {
      return state.lastFailure
    },
    ended,
    close: async () => {
      stop.abort()
      await ended.catch(() => undefined)
    },
  }
}

const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
