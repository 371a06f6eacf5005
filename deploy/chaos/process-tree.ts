// The processes below one: isolate hosts are the leaves below their worker, behind bubblewrap and its guard.
import { readdirSync, readFileSync } from 'node:fs'

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    // It has ended.
    return []
  }
}

/** Ids of the processes below `pid` that have no child of their own; none when it has no children. */
export const leavesBelow = (pid: number): readonly number[] =>
  childrenOf(pid).flatMap(child => {
    const below = leavesBelow(child)
    return below.length === 0 ? [child] : below
  })
