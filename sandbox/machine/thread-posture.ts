// What must be true of every thread of a confined process, whoever confines it: its user, no capabilities, no new privileges, a seccomp filter. Read from
// outside, by /proc.
import { readdirSync, readFileSync } from 'node:fs'

/** The user its threads must run as. */
export interface ThreadUser {
  readonly uid: number
  readonly gid: number
}

const field = (status: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? ''

/** Threads end and descriptors are closed while they are looked at. */
export function unlessGone(look: () => string[]): string[] {
  try {
    return look()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return []
    throw error
  }
}

/** User, capabilities, no-new-privileges and seccomp of every thread. */
export const threadDifferences = (pid: number, expected: ThreadUser): string[] =>
  readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    unlessGone(() => statusDifferences(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'), expected)),
  )

function statusDifferences(status: string, { uid, gid }: ThreadUser): string[] {
  const differences: string[] = []
  const must = (name: string, wanted: string): void => {
    const found = field(status, name).replaceAll(/\s+/g, ' ')
    if (found !== wanted) differences.push(`${name} is ${found || 'empty'}, not ${wanted || 'empty'}`)
  }
  must('Uid', Array(4).fill(uid).join(' '))
  must('Gid', Array(4).fill(gid).join(' '))
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) must(set, '0000000000000000')
  must('NoNewPrivs', '1')
  must('Seccomp', '2')
  return differences
}
