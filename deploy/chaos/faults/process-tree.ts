// The processes below one that are shut in: isolate hosts have process ids of their own (bubblewrap), the worker's other children have not.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
const namespaceOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/pid`)

/** Ids of the processes below `pid` that have no child and see other process ids than this one does; none when it has ended. */
export const confinedBelow = (pid: number): readonly number[] => {
  try {
    return childrenOf(pid).flatMap(child => {
      const below = confinedBelow(child)
      if (below.length > 0) return below
      return childrenOf(child).length === 0 && namespaceOf(child) !== namespaceOf('self') ? [child] : []
    })
  } catch {
    // It has ended, or one below it has.
    return []
  }
}
