// What a container used, read from its control group by process id of its init: no word of the filter is needed for it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Numbers of the system call read, on x86-64 and on arm64. */
const READ_CALLS = ['0', '63']
const ROOT = '/sys/fs/cgroup'

/** Path of the group in the hierarchy of one controller (version 1) or in the only one (version 2). */
function groupOf(lines: readonly string[], controller: string): string | undefined {
  for (const line of lines) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const places =
      controllers === '' ? [ROOT, join(ROOT, 'unified')] : [join(ROOT, controllers), join(ROOT, controller)]
    if (controllers !== '' && !controllers.split(',').includes(controller)) continue
    const found = places.map(place => join(place, path)).find(existsSync)
    if (found !== undefined) return found
  }
  return undefined
}

const tryRead = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

export interface Usage {
  /** CPU time of all its processes so far; nothing where the engine runs elsewhere, or when the container is gone. */
  cpuMs(): number | undefined
  /** Memory it uses, without files it read; nothing as above. */
  memoryMb(): number | undefined
  /** Whether the kernel has ended a process of it for its memory. */
  ranOutOfMemory(): boolean
  /** All its processes, by the ids they have here. */
  pids(): readonly number[]
  /** Whether one of its threads runs, could run if it got a processor, or waits for a disk; false when all sleep, or nothing can be seen. */
  wantsToRun(): boolean
  /** Whether its program sleeps in a call of the filter's own, rather than reading; false when nothing can be seen. */
  sleepsByItself(): boolean
  /** Whether one of them was stopped by a signal from outside, or all are paused. */
  stopped(): boolean
}

/** `id` guards against process ids of another machine that mean something else here. */
export function openUsage(pid: number, id: string): Usage {
  const lines = (tryRead(`/proc/${pid}/cgroup`) ?? '').split('\n').filter(line => line.includes(id))
  // Version 1 first: its lines name their controllers.
  lines.sort((a, b) => Number(a.includes('::')) - Number(b.includes('::')))
  const accounting = groupOf(lines, 'cpuacct')
  const memory = groupOf(lines, 'memory')
  const pids = (): readonly number[] =>
    accounting === undefined
      ? []
      : (tryRead(join(accounting, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)

  return {
    cpuMs(): number | undefined {
      if (accounting === undefined) return undefined
      const nanoseconds = tryRead(join(accounting, 'cpuacct.usage'))
      if (nanoseconds !== undefined) return Number(nanoseconds) / 1e6
      const microseconds = /^usage_usec (\d+)/m.exec(tryRead(join(accounting, 'cpu.stat')) ?? '')?.[1]
      return microseconds === undefined ? undefined : Number(microseconds) / 1000
    },
    memoryMb(): number | undefined {
      const used = tryRead(join(memory ?? '', 'memory.usage_in_bytes')) ?? tryRead(join(memory ?? '', 'memory.current'))
      const stat = tryRead(join(memory ?? '', 'memory.stat')) ?? ''
      const files = stat.matchAll(/^(?:in)?active_file (\d+)/gm).reduce((sum, [, bytes]) => sum + Number(bytes), 0)
      return used === undefined ? undefined : Math.max(0, Number(used) - files) / 1_048_576
    },
    ranOutOfMemory(): boolean {
      const told =
        tryRead(join(memory ?? '', 'memory.oom_control')) ?? tryRead(join(memory ?? '', 'memory.events')) ?? ''
      return Number(/^oom_kill (\d+)/m.exec(told)?.[1] ?? 0) > 0
    },
    pids,
    wantsToRun: (): boolean =>
      pids().some(pid => threadsOf(pid).some(thread => /[RD]/.test(stateOf(`/proc/${pid}/task/${thread}/stat`)))),
    sleepsByItself(): boolean {
      // The init sleeps always, and the first of the others is Python.
      const program = pids().find(each => each !== pid)
      const call = program === undefined ? undefined : tryRead(`/proc/${program}/syscall`)
      return /^\d+ /.test(call ?? '') && !READ_CALLS.includes(call?.split(' ', 1)[0] ?? '')
    },
    stopped: (): boolean =>
      pids().some(pid => /[Tt]/.test(stateOf(`/proc/${pid}/stat`))) || /FROZEN|^1/.test(frozen(lines)),
  }
}

/** The letter of a thread's or process's state; empty when it is gone. */
const stateOf = (file: string): string => {
  const stat = tryRead(file) ?? ''
  const at = stat.lastIndexOf(')') + 2
  return stat.slice(at, at + 1)
}

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

const frozen = (lines: readonly string[]): string => {
  const group = groupOf(lines, 'freezer')
  return group === undefined
    ? ''
    : (tryRead(join(group, 'freezer.state')) ?? tryRead(join(group, 'cgroup.freeze')) ?? '')
}
