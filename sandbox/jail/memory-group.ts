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
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { orphansAmong, ownTag } from '../leftovers.ts'

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

interface Dialect {
  readonly version: 1 | 2
  readonly base: string
  readonly limit: string
  readonly swap: readonly [file: string, value: (bytes: number) => string]
  readonly events: string
  readonly peak: string
}

const readOr = (file: string, fallback: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return fallback
  }
}

const second = (base: string): Dialect => ({
  version: 2,
  base,
  limit: 'memory.max',
  swap: ['memory.swap.max', () => '0'],
  events: 'memory.events',
  peak: 'memory.peak',
})

function dialects(): Dialect[] {
  const own = readOr('/proc/self/cgroup', '')
    .trim()
    .split('\n')
    .map(line => line.split(':'))
  const v1 = own
    .find(([, controllers]) => controllers?.split(',').includes('memory'))
    ?.slice(2)
    .join(':')
  const v2 = own
    .find(([id, controllers]) => id === '0' && controllers === '')
    ?.slice(2)
    .join(':')
  return [
    ...(v1 === undefined
      ? []
      : [
          {
            version: 1 as const,
            base: join(ROOT, 'memory', v1),
            limit: 'memory.limit_in_bytes',
            swap: ['memory.memsw.limit_in_bytes', String] as const,
            events: 'memory.oom_control',
            peak: 'memory.max_usage_in_bytes',
          },
        ]),
    // A group with processes in it cannot have controlled children, unless it is the root; its parent can.
    ...(v2 === undefined ? [] : [second(join(ROOT, v2)), second(dirname(join(ROOT, v2)))]),
  ]
}

/** Groups on this machine, or why there are none. */
export function openMemoryGroups(): MemoryGroups | { readonly why: string } {
  const found = dialects()
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

function openDialect({ version, base, limit, swap, events, peak }: Dialect): MemoryGroups {
  /** Removed as soon as nothing in them is dying any more; at first those of processes that are gone. */
  const leftover = new Set(orphansAmong(readdirSync(base), PREFIX).map(name => join(base, name)))
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
