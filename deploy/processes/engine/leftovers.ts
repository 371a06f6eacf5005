// Ends what an engine left behind when it was killed: its helpers, and the containers that outlive it.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { controlGroup, execRoot, PID_FILE } from './places.ts'

const HELPERS = ['dockerd', 'containerd', 'runc']
const PAUSE_MS = 20
const LIMIT_MS = 3000

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It has ended.
    return ''
  }
}

/** Processes of the engine in `dir`: helpers by their arguments, whatever runs in its containers by its control group. */
const processesOf = (dir: string, label: string): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      if (read(pid, 'cgroup').includes(`${controlGroup(label)}/`)) return true
      const isHelper = HELPERS.some(helper => read(pid, 'comm').startsWith(helper))
      return isHelper && read(pid, 'cmdline').includes(`${dir}/`)
    })
    .map(Number)

/** Ends them by SIGKILL and removes what would make the next engine wait for them. */
export const endLeftovers = async (dir: string, label: string): Promise<void> => {
  const deadline = performance.now() + LIMIT_MS
  // A helper may start another between two looks.
  for (;;) {
    const left = processesOf(dir, label)
    for (const pid of left) kill(pid)
    if (left.length === 0 || performance.now() > deadline) break
    await sleep(PAUSE_MS)
  }
  for (const group of groupsOf(label)) removeGroup(group)
  rmSync(execRoot(dir), { recursive: true, force: true })
  rmSync(join(dir, PID_FILE), { force: true })
}

const GROUPS = '/sys/fs/cgroup'

/** In the only hierarchy (version 2), or in that of each controller (version 1). */
const groupsOf = (label: string): readonly string[] =>
  existsSync(GROUPS)
    ? [GROUPS, ...readdirSync(GROUPS).map(name => join(GROUPS, name))]
        .map(place => join(place, controlGroup(label)))
        .filter(existsSync)
    : []

/** A control group goes when those below it and all its processes have; one that does not go is only a name. */
const removeGroup = (group: string): void => {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(group, entry.name))
  try {
    rmdirSync(group)
  } catch {
    // A process of it is still being ended by the kernel.
  }
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
