// Watches a MirrorMaker from outside and asks for a restart when it no longer copies. Kafka Connect restarts no failed task itself, and its REST shows none in this
// mode. One of several judges the tasks that it has itself.
import { followEvents } from './events-file.ts'
import { type LostRange, openLostRangeReader } from './lost-range.ts'
import { openOwnTasks } from './own-tasks.ts'
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'
import { type CopyProgress, openStallClock } from './stall-clock.ts'

const STALL_MS = 30_000
/** What nobody's task copies is judged by all peers, after so many times as long; each later than the one before it, as it may have helped. */
const ALL_STALLED = 2
/** Errors of one cause come in showers. */
const QUIET_MS = 30_000

/** Why a restart is asked for. */
export interface MirrorMakerFault {
  /** `dead-task`: a task gave up. `refused`: a broker refuses the user. `stalled`: records wait and none is copied. */
  readonly kind: 'dead-task' | 'refused' | 'stalled'
  /** What happened, where, and what to do. */
  readonly message: string
}

export interface WatchOptions {
  readonly settings: Pick<MirrorMakerSettings, 'name' | 'dir' | 'topics' | 'peers'>
  /** What waits and what was copied, of these partitions or of all, as last seen, e.g. by openLagWatch; undefined while it is not known, which is not held against MirrorMaker. */
  readonly lag: (isCounted?: (topic: string, partition: number) => boolean) => CopyProgress | undefined
  readonly onFault: (fault: MirrorMakerFault) => void
  /** Records were deleted on the hub before they were copied. It may be said again after a restart. */
  readonly onLost?: (lost: LostRange) => void
  readonly signal: AbortSignal
  /** How long nothing may be copied while records wait. Default 30 s. */
  readonly stallMs?: number
}

/**
 * Watches until the signal. Reads the events file, which each start begins anew, so it needs no telling of restarts. A fault of one
 * kind is reported at most every 30 s; whoever restarts the process does it with a back-off of their own.
 */
export const watchMirrorMaker = async (options: WatchOptions): Promise<void> => {
  const { settings, lag, onFault, onLost, signal, stallMs = STALL_MS } = options
  const { name, dir, topics, peers } = settings
  const reported = new Map<string, number>()
  const report = (kind: MirrorMakerFault['kind'], message: string): void => {
    const nowMs = performance.now()
    if (nowMs - (reported.get(kind) ?? -Infinity) < QUIET_MS) return
    reported.set(kind, nowMs)
    onFault({ kind, message: `MirrorMaker of ${name}: ${message}` })
  }
  const own = openOwnTasks()
  const judge = (limitMs: number, isCounted?: typeof own.isOwn): (() => void) => {
    let stalledFor = openStallClock()
    return () => {
      const seen = lag(isCounted)
      if (seen === undefined) {
        // A hub or node that is down is no stall, and the time it was down does not count when it is back.
        stalledFor = openStallClock()
        return
      }
      const ms = stalledFor(seen, performance.now())
      if (ms >= limitMs)
        report(
          'stalled',
          `${seen.alerts} alerts wait on the hub and none was copied for ${Math.round(ms / 1000)} s; restart it`,
        )
    }
  }
  const judges =
    peers === undefined ? [judge(stallMs)] : [judge(stallMs, own.isOwn), judge((ALL_STALLED + peers.rank) * stallMs)]
  const look = (): void => {
    for (const one of judges) one()
  }
  const timer = setInterval(look, Math.min(1000, stallMs / 4))
  try {
    const lostBy = openLostRangeReader(topics)
    for await (const event of followEvents(mirrorMakerFiles(dir).events, signal)) {
      const { kind, text } = event
      own.note(event)
      const lost = lostBy(event)
      if (lost !== undefined) onLost?.(lost)
      if (kind === 'dead') report('dead-task', `a task gave up and stays dead until a restart: ${text}`)
      else if (kind === 'refused')
        report(
          'refused',
          `a broker refuses its user: ${text}. Check its password and rights on the hub and on the node, then restart it`,
        )
    }
  } finally {
    clearInterval(timer)
  }
}
