// Settings of the isolate runtime and their defaults.
import { type Logger } from 'pino'
import { type HostEngine } from '../jail/container-jail.ts'
import { type HostKind } from '../jail/open-jail.ts'
import { type OnForbidden } from '../jail/seccomp-filter.ts'
import { type SandboxMetrics } from '../metrics.ts'
import { type Trust } from '../sandbox.ts'

export interface TrustGroupSettings {
  /** Host processes; default: one per core. Quarantined filters always have one each. */
  readonly hosts?: number
  /** With the JIT compiler: faster, and a larger surface for attacks on V8. An operator's choice; default false. */
  readonly jit?: boolean
  /** Memory of one host process with all its filters; default 1,536. */
  readonly memoryMb?: number
}

export interface IsolateSandboxOptions {
  /** A directory only this process's user can write; files of the hosts go below it. */
  readonly dir: string
  readonly logger: Logger
  /** For every trust group that has no settings of its own. */
  readonly defaults?: TrustGroupSettings
  readonly trustGroups?: Partial<Record<Trust, TrustGroupSettings>>
  /** How hosts are confined; default: by bubblewrap, or in containers where it cannot run. `unsafe`, for development only, warns and shows in the posture. */
  readonly host?: HostKind | undefined
  /** Where hosts in containers are made; default: the Docker engine of this machine. */
  readonly engine?: HostEngine | undefined
  /** What a forbidden system call does; `kill` ends the host, for tests. Default `errno`. */
  readonly onForbidden?: OnForbidden
  /** Each host is replaced by a fresh one after so long; default a day. */
  readonly rotateMs?: number
  /** All hosts are proved again this often; default an hour. */
  readonly proveMs?: number
  readonly metrics?: SandboxMetrics
  /** Called when a host was replaced, with the reason. */
  readonly onRestart?: (reason: string) => void
}

export const DEFAULT_MEMORY_MB = 1536
export const DEFAULT_ROTATE_MS = 24 * 3_600_000
export const DEFAULT_PROVE_MS = 3_600_000
