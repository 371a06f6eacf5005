// How a host process is confined. In comes a program and the files it shares with us, out comes a host that can be written to, heard, proved and killed. One
// interface: bubblewrap, a container where bubblewrap cannot run, or nothing at all for development; open-jail.ts chooses.
import { type OutputListener } from '../engine/attach-stream.ts'
import { type HostProgram } from '../image/isolate-host/host-program.ts'

/** A file that this process and a host share. */
export interface SharedFile {
  /** Becomes the host's descriptor HostFd.ring or HostFd.intent, where hosts inherit descriptors. */
  readonly descriptor: number
  /** Its directory, where hosts open it by name. */
  readonly folder: string
}

export interface HostCommand {
  readonly files: HostProgram
  /** Flags of Node before the entry. */
  readonly nodeFlags: readonly string[]
  readonly ring: SharedFile
  readonly intent: SharedFile
  readonly memoryMb: number
  /** How far it gives way to other processes, as in nice(1). */
  readonly niceness?: number
}

/** How a host's process ended; neither code nor signal when nobody knows. */
export interface HowEnded {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Whether the kernel ended it for its memory. */
  readonly outOfMemory: boolean
  /** Why it could not be started. */
  readonly why?: string
}

/** A host that was started; it may still be setting itself up. */
export interface ConfinedHost {
  /** Settles when there is something to write to; never rejects. */
  readonly started: Promise<unknown>
  /** Writes to its standard input. */
  write(bytes: Uint8Array): void
  /** Ends its input, whereupon it ends by itself. */
  end(): void
  /** Settles when it has ended and all it wrote was heard. */
  readonly ended: Promise<HowEnded>
  /** Process id of Node itself, once it runs and where it can be seen from here. */
  nodePid(): number | undefined
  /** Differences from what is required; empty when it is confined. */
  differences(): Promise<readonly string[]>
  /** Where nothing bounds its memory: kill it above this. */
  readonly watchMemoryMb?: number
  /** Ends everything of it, at once. */
  kill(): void
}

export interface Jail {
  readonly kind: string
  /** What is weaker than it should be on this machine, for people to know; not a reason to refuse. */
  readonly remarks: readonly string[]
  /** Where files in memory go that its hosts open by name; absent where they inherit descriptors. */
  readonly sharedDir?: string
  start(command: HostCommand, onOutput: OutputListener): ConfinedHost
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
