// A chaos run in one line, and whether it is sound.
import { type ChaosResult } from './run.ts'

/** Rubin's time from one visit to the next: a system that takes longer to recover falls behind by a visit. */
const RECOVER_LIMIT_SECONDS = 37

/** The figures of a run. */
export const summary = (result: ChaosResult) => {
  const { problems: _problems, recoveries: _recoveries, takeovers: _takeovers, faults, ...figures } = result
  const count = (...actions: readonly string[]): number =>
    faults.filter(({ action }) => actions.includes(action)).length
  return { ...figures, kills: count('kill'), pauses: count('pause'), linkFaults: count('cut', 'hang') }
}

/** Nothing lost, nothing twice, no cap exceeded, every counter and byte as it should be, all archived and announced once, and back in time. */
export const isSound = (result: ChaosResult, hubForgets = false): boolean =>
  result.lost === 0 &&
  result.duplicated === 0 &&
  result.overCap === 0 &&
  result.wrongCounters === 0 &&
  result.wrongDeliveries === 0 &&
  result.notArchived === 0 &&
  result.wrongNotices === 0 &&
  result.recoverSecondsMax < RECOVER_LIMIT_SECONDS &&
  // A run in which nothing was forgotten before its time shows nothing of it.
  hubForgets === Object.values(result.gapAlerts).some(alerts => alerts > 0)
