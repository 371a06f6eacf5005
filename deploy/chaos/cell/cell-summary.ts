// A chaos run of a cell in one line, and whether it is sound. Pure.
import { type CellResult } from './run-cell.ts'

/** From a kill, and from a pulled cable, until all shards deliver again. */
const KILL_LIMIT_SECONDS = 10
const CUT_LIMIT_SECONDS = 15
/** Each machine by each means. */
const STRIKES = 6

/** The figures of a run. */
export const cellSummary = ({
  problems: _problems,
  recoveries: _recoveries,
  takeovers,
  struck,
  ...figures
}: CellResult) => {
  const longest = (action: string): number =>
    Math.max(0, ...takeovers.filter(one => one.action === action).map(({ seconds }) => seconds))
  const strikes = struck.map(({ action, target, roles, writerPauseMs }) => ({
    action,
    target,
    roles,
    takeoverSeconds: takeovers.find(one => one.action === action && one.target === target)?.seconds,
    writerPauseSeconds: writerPauseMs / 1000,
  }))
  return { ...figures, takeoverKillSeconds: longest('kill'), takeoverCutSeconds: longest('cut'), strikes }
}

/** Nothing lost, nothing twice, every counter and byte as it should be, all six strikes during the visits, and taken over in time. */
export const isCellSound = (result: CellResult): boolean => {
  const { takeoverKillSeconds, takeoverCutSeconds, strikes, inTime, ...figures } = cellSummary(result)
  const wrong = [
    figures.lost,
    figures.duplicated,
    figures.overCap,
    figures.wrongCounters,
    figures.wrongDeliveries,
    figures.notArchived,
    figures.wrongNotices,
  ]
  return (
    wrong.every(count => count === 0) &&
    inTime &&
    strikes.length === STRIKES &&
    takeoverKillSeconds <= KILL_LIMIT_SECONDS &&
    takeoverCutSeconds <= CUT_LIMIT_SECONDS
  )
}
