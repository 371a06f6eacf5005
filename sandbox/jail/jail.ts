// How a host process is confined. One interface: bubblewrap in production, nothing at all for development.
import { type ChildProcess } from 'node:child_process'
import { type RuntimeFiles } from '../isolate/runtime-files.ts'

export interface HostCommand {
  readonly files: RuntimeFiles
  /** Flags of Node before the entry. */
  readonly nodeFlags: readonly string[]
  /** Descriptors that become HostFd.ring and HostFd.intent. */
  readonly ring: number
  readonly intent: number
  readonly memoryMb: number
}

/** A host that was started; it may still be setting itself up. */
export interface Confined {
  readonly child: ChildProcess
  /** Process id of Node itself, once it runs; the child may be a wrapper around it. */
  nodePid(): number | undefined
  /** Whether the kernel ended it for its memory. */
  outOfMemory(): boolean
  /** Where no cgroup bounds its memory: kill it above this. */
  readonly watchMemoryMb?: number
  /** Ends everything of it, at once. */
  kill(): void
  /** After its end: gives back what was made for it. */
  dispose(): void
}

export interface Jail {
  readonly kind: string
  /** What is weaker than it should be on this machine, for people to know; not a reason to refuse. */
  readonly remarks: readonly string[]
  start(command: HostCommand): Confined
  /** Differences of a running host from what is required; empty when it is confined. */
  inspect(nodePid: number): readonly string[]
  /** After all its hosts have ended. */
  close(): Promise<void>
}

/** What Node needs in any jail. Isolates of one process must not come from different snapshots. */
export const nodeFlags = ({ jit }: { readonly jit: boolean }): string[] => [
  '--no-node-snapshot',
  '--no-js-float16array',
  '--max-old-space-size=256',
  '--disable-proto=delete',
  ...(jit ? [] : ['--jitless']),
]

/** The whole environment of a host. Time zone and locale are part of what makes verdicts repeatable. */
export const HOST_ENVIRONMENT = { TZ: 'UTC', LANG: 'C', LC_ALL: 'C', HOME: '/' } as const
