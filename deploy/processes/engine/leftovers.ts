// Ends what an engine left behind when it was killed: its helpers, and the containers that outlive it.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { containersDir, execRoot, PID_FILE } from './engine-paths.ts'

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

/** Ids of the engine's containers, running or not. Every process in one has its id in the name of its control group. */
const containersOf = (dir: string): readonly string[] => {
  const place = containersDir(dir)
  return existsSync(place) ? readdirSync(place) : []
}

/** Processes of the engine in `dir`: helpers by their arguments, whatever runs in its containers by their ids. */
const processesOf = (dir: string): readonly number[] => {
  const containers = containersOf(dir)
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      const command = read(pid, 'cmdline')
      // One that has ended and waits to be reaped has none.
      if (command === '') return false
      const group = read(pid, 'cgroup')
      if (containers.some(id => group.includes(id))) return true
      return command.includes(`${dir}/`) && HELPERS.some(helper => read(pid, 'comm').startsWith(helper))
    })
    .map(Number)
}

/** Ends them by SIGKILL and removes what would make the next engine wait for them. */
export const endLeftovers = async (dir: string): Promise<void> => {
  const deadline = performance.now() + LIMIT_MS
  // A helper may start another between two looks.
  for (;;) {
    const left = processesOf(dir)
    for (const pid of left) kill(pid)
    if (left.length === 0 || performance.now() > deadline) break
    await sleep(PAUSE_MS)
  }
  rmSync(execRoot(dir), { recursive: true, force: true })
  rmSync(join(dir, PID_FILE), { force: true })
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
