// A memory cgroup per host, version 1 or 2, below the group this process is in (or beside it, where version 2 does not allow children).
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { orphansAmong, ownTag } from './leftovers.ts'

/** The group of one host. */
interface MemoryGroup {
  /** File a process writes its id into to join. */
  readonly procs: string
  oomKills(): number
  peakMb(): number
  /** Removes it; the kernel needs a moment after the last process, so it is tried again later when it is still in use. */
  dispose(): void
}

export interface MemoryGroups {
  readonly version: 1 | 2
  /** The group they are made in. */
  readonly base: string
  make(limitMb: number): MemoryGroup
  /** Removes what is left, waiting a little for processes that are dying. */
  close(): Promise<void>
}

const CLOSE_TRIES = 40
const CLOSE_PAUSE_MS = 25
const ROOT = '/sys/fs/cgroup'
const PREFIX = 'skysieve-'

/** One way to make groups, and where. */
export interface Dialect {
  readonly version: 1 | 2
  readonly base: string
  readonly limit: string
  readonly swap: readonly [file: string, value: (bytes: number) => string]
  readonly events: string
  readonly peak: string
}

const FIRST = {
  version: 1,
  limit: 'memory.limit_in_bytes',
  swap: ['memory.memsw.limit_in_bytes', String],
  events: 'memory.oom_control',
  peak: 'memory.max_usage_in_bytes',
} as const
const SECOND = {
  version: 2,
  limit: 'memory.max',
  swap: ['memory.swap.max', () => '0'],
  events: 'memory.events',
  peak: 'memory.peak',
} as const

const readOr = (file: string, fallback: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return fallback
  }
}

/** The ways that a process in these groups (its /proc/self/cgroup) may have, best first. */
export function dialectsOf(own: string): Dialect[] {
  const lines = own
    .trim()
    .split('\n')
    .map(line => /^(\d+):([^:]*):(.*)$/.exec(line)?.slice(1) ?? [])
  const first = lines.find(([, controllers]) => controllers?.split(',').includes('memory'))?.[2]
  const second = lines.find(([id, controllers]) => id === '0' && controllers === '')?.[2]
  // In version 2 a group with processes in it cannot have controlled children, unless it is the root; its parent can.
  const places = second === undefined ? [] : second === '/' ? ['/'] : [second, dirname(second)]
  return [
    ...(first === undefined ? [] : [{ ...FIRST, base: resolve(ROOT, `memory/.${first}`) }]),
    ...places.map(place => ({ ...SECOND, base: resolve(ROOT, `.${place}`) })),
  ]
}

/** Groups on this machine, or why there are none. */
export function openMemoryGroups(): MemoryGroups | { readonly why: string } {
  const found = dialectsOf(readOr('/proc/self/cgroup', ''))
  if (found.length === 0) return { why: 'this system has no memory cgroup' }
  for (const dialect of found) {
    try {
      accessSync(dialect.base, constants.W_OK)
      const groups = openDialect(dialect)
      groups.make(64).dispose()
      return groups
    } catch {
      // Not writable, or not allowed to have children: the next one.
    }
  }
  return {
    why: `no memory cgroup can be made in ${found.map(({ base }) => base).join(' or ')}; run as root or delegate one`,
  }
}

/** Groups made in one way; throws where the file system does not allow it. */
export function openDialect({ version, base, limit, swap, events, peak }: Dialect): MemoryGroups {
  /** Removed as soon as nothing in them is dying any more; at first those of processes that are gone. */
  const leftover = new Set(orphansAmong(readdirSync(base), PREFIX).map(name => join(base, name)))
  if (version === 2) handDown(base)
  const remove = (path: string): void => {
    try {
      rmdirSync(path)
      leftover.delete(path)
    } catch {
      leftover.add(path)
    }
  }
  return {
    version,
    base,
    make(limitMb) {
      for (const path of leftover) remove(path)
      const path = join(base, `${PREFIX}${ownTag()}-${randomBytes(6).toString('hex')}`)
      mkdirSync(path)
      const bytes = limitMb * 1_048_576
      try {
        writeFileSync(join(path, limit), String(bytes))
        const [swapFile, swapValue] = swap
        if (existsSync(join(path, swapFile))) writeFileSync(join(path, swapFile), swapValue(bytes))
      } catch (error) {
        remove(path)
        throw error
      }
      return {
        procs: join(path, 'cgroup.procs'),
        oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readOr(join(path, events), ''))?.[1] ?? 0),
        peakMb: () => Number(readOr(join(path, peak), '0')) / 1_048_576,
        dispose: () => remove(path),
      }
    },
    async close() {
      for (let tries = 0; tries < CLOSE_TRIES && leftover.size > 0; tries++) {
        for (const path of leftover) remove(path)
        if (leftover.size > 0) await delay(CLOSE_PAUSE_MS)
      }
    },
  }
}

/** Children have a limit only where their parent hands the controller down; one that has processes of its own cannot. */
function handDown(base: string): void {
  const file = join(base, 'cgroup.subtree_control')
  if (readOr(file, 'memory').split(/\s+/).includes('memory')) return
  try {
    writeFileSync(file, '+memory')
  } catch {
    // Then making a group fails, and says so.
  }
}
