// How much of the machine this process may take, where a group it is in has a CPU quota: a service manager's or a container's limit.
// Version 1 of cgroups refuses a container more than the group above it has, so containers ask for no more than this.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/** The text of a file below /sys/fs/cgroup; undefined where there is none. */
export type ReadGroupFile = (path: string) => string | undefined

const readGroupFile: ReadGroupFile = path => {
  try {
    return readFileSync(join(ROOT, path), 'utf8')
  } catch {
    return undefined
  }
}

const ownGroups = (): string => {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8')
  } catch {
    return ''
  }
}

/** Processors of one group, in version 1 (`folder` is that of the controller) or 2; Infinity where it has no quota. */
const quotaAt = (folder: string, group: string, read: ReadGroupFile): number => {
  const [quota, period] =
    folder === ''
      ? (read(join(group, 'cpu.max')) ?? '').trim().split(' ')
      : [read(join(folder, group, 'cpu.cfs_quota_us')), read(join(folder, group, 'cpu.cfs_period_us'))]
  const processors = Number(quota) / Number(period)
  return processors > 0 ? processors : Infinity
}

/** Processors that a process in these groups (the text of its /proc/self/cgroup) may take by quota; Infinity where nothing limits it. */
export function cpuQuotaOf(own: string, read: ReadGroupFile): number {
  const lines = own.split('\n').map(line => /^\d+:([^:]*):(.*)$/.exec(line)?.slice(1) ?? [])
  const [folder, first] =
    lines.find(([names]) => names?.split(',').includes('cpu')) ?? lines.find(([names]) => names === '') ?? []
  if (folder === undefined || first === undefined) return Infinity
  let least = Infinity
  for (let group = join('/', first); ; group = dirname(group)) {
    least = Math.min(least, quotaAt(folder, group, read))
    if (group === '/') return least
  }
}

/** `wanted` processors in the engine's unit, billionths, or what this process has by quota where that is less; never less than the engine takes, 0.01. */
export function nanoCpus(wanted: number, quota = cpuQuotaOf(ownGroups(), readGroupFile)): number {
  return Math.max(10_000_000, Math.floor(Math.min(wanted, quota) * 1e9))
}
