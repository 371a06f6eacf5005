// Notices the end of the npm that runs us. npm puts a shell in between, which stays when npm is killed, so our own parent tells nothing.
import { readFileSync } from 'node:fs'

const CHECK_MS = 500
/** npm, a shell, skysieve.mjs. */
const MAX_GENERATIONS = 4

/** Calls `onGone` when the npm above us has ended; never where there is none, or no /proc. */
export const watchNpm = (onGone: () => void): void => {
  const npm = npmAbove(process.ppid)
  if (npm === undefined) return
  const timer = setInterval(() => {
    if (lineage(npm.pid)?.began === npm.began) return
    clearInterval(timer)
    onGone()
  }, CHECK_MS)
  timer.unref()
}

interface Ancestor {
  readonly pid: number
  readonly name: string
  readonly parent: number
  /** Clock ticks since the machine started: with the pid, a process's identity. */
  readonly began: string
}

const npmAbove = (from: number): Ancestor | undefined => {
  let pid = from
  for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
    const ancestor = lineage(pid)
    if (ancestor === undefined || ancestor.name.startsWith('npm')) return ancestor
    pid = ancestor.parent
  }
  return undefined
}

/** From /proc/<pid>/stat; undefined when there is no such process. */
const lineage = (pid: number): Ancestor | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    // Fields 4 and 22 of proc(5); a zombie is gone.
    return fields[0] === 'Z' ? undefined : { pid, name, parent: Number(fields[1]), began: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
