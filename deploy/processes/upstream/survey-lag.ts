// How far the hub is behind a survey, and whether the survey answers at all: its ends against what is committed here.
import { setTimeout as sleep } from 'node:timers/promises'
import { openAdmin, upstreamAccess, type UpstreamSettings, type UpstreamState } from '#hub'
import { type LagClock, openLagClock } from '#mirrors'

const EVERY_MS = 5000

export interface SurveyLag {
  /** Records at the survey that are not on the hub, and since when the oldest of them has been there; at most since the watch began. */
  readonly alerts: number
  readonly seconds: number
}

export interface SurveyWatch {
  /** As last seen; undefined while it is not known. */
  latest: () => SurveyLag | undefined
  /** Why the survey cannot be asked; undefined while it can. */
  problem: () => string | undefined
  /** Resolves after the signal. */
  readonly ended: Promise<void>
}

/** Looks at a survey until the signal. */
export const watchSurvey = (
  settings: UpstreamSettings,
  state: () => UpstreamState | undefined,
  signal: AbortSignal,
  everyMs = EVERY_MS,
): SurveyWatch => {
  const admin = openAdmin(upstreamAccess(settings), `${settings.user}.skysieve-lag`)
  const clocks = new Map<number, LagClock>()
  let lag: SurveyLag | undefined
  let problem: string | undefined

  const look = async (): Promise<SurveyLag | undefined> => {
    const ends = await admin.offsets(settings.topic, 'latest')
    const partitions = state()?.progress.partitions
    if (partitions === undefined) return undefined
    const nowMs = performance.now()
    let [alerts, seconds] = [0, 0]
    for (const [partition, end] of ends) {
      const next = partitions.get(partition)?.next ?? 0n
      const clock = clocks.get(partition) ?? openLagClock()
      clocks.set(partition, clock)
      clock.ended(end, nowMs)
      if (next >= end) continue
      alerts += Number(end - next)
      seconds = Math.max(seconds, clock.secondsBehind(next, nowMs))
    }
    return { alerts, seconds }
  }

  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        lag = await look()
        problem = undefined
      } catch (error) {
        lag = undefined
        problem = error instanceof Error ? error.message : String(error)
      }
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
    await admin.close().catch(() => undefined)
  }
  return { latest: () => lag, problem: () => problem, ended: watch() }
}
