// Resident memory of a process and all below it, from /proc. Pages that several share count in each.
import { readFileSync } from 'node:fs'
import { descendants } from '#filters'

const residentOf = (pid: number): number => {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    // It has ended.
    return 0
  }
}

export const residentBytes = (pid: number | undefined): number =>
  pid === undefined ? 0 : [pid, ...descendants(pid)].reduce((sum, one) => sum + residentOf(one), 0)
