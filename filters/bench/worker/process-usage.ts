// CPU seconds and memory of processes, from /proc.
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

const fieldsOf = (pid: number): string[] => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** CPU seconds of a process, 0 when it is gone. */
export const cpuSeconds = (pid: number): number => {
  try {
    const fields = fieldsOf(pid)
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

/** All processes below `pid`, in whatever namespace they think they are. */
export const descendants = (pid: number): number[] => {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    try {
      const parent = Number(fieldsOf(Number(name))[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    } catch {
      // Ended while we looked.
    }
  }
  const below = (of: number): number[] => (parents.get(of) ?? []).flatMap(child => [child, ...below(child)])
  return below(pid)
}
