// Containers of filters give way: the engine puts them into a CPU group beside this process, whose weight is that of a tenth of one process of ours.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const GROUP = 'skysieve-filters'
const ROOT = '/sys/fs/cgroup'

/** Of 1,024 that a process or another group has; also given to each container, for engines that put them beside us anyway. */
export const CPU_SHARES = 102
/** The same of 100, in version 2. */
const WEIGHT = 10

/** Where the group is: below this process's own, or beside it in version 2, which has no processes above groups. */
export function cpuGroupOf(own: string): { readonly path: string; readonly file: string; readonly value: number } {
  const lines = own.split('\n').map(line => /^\d+:([^:]*):(.*)$/.exec(line)?.slice(1) ?? [])
  const [controllers, first] = lines.find(([names]) => names?.split(',').includes('cpu')) ?? []
  if (controllers !== undefined && first !== undefined) {
    const path = resolve('/', first, GROUP)
    return { path, file: resolve(ROOT, `${controllers}/.${path}/cpu.shares`), value: CPU_SHARES }
  }
  const path = resolve('/', dirname(lines.find(([names]) => names === '')?.[1] ?? '/'), GROUP)
  return { path, file: resolve(ROOT, `.${path}/cpu.weight`), value: WEIGHT }
}

/** Makes the group, for an engine on this machine that takes paths of groups. Nothing where it cannot be made: containers then have the engine's own group. */
export function openCpuGroup(): string | undefined {
  try {
    const { path, file, value } = cpuGroupOf(readFileSync('/proc/self/cgroup', 'utf8'))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, String(value))
    return path
  } catch {
    return undefined
  }
}
