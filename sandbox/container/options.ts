// Settings of the container runtime and their defaults.
import { type Logger } from 'pino'
import { type EngineAddress } from '../engine/docker-engine.ts'
import { type SandboxMetrics } from '../metrics.ts'

export interface ContainerSandboxOptions {
  readonly engine: EngineAddress
  /** A directory the engine sees under the same path; files of the containers go below it. */
  readonly dir: string
  /** Where files in memory go that the engine sees under the same path; default /dev/shm. Needed where this process is in a container itself. */
  readonly sharedDir?: string
  /** Whose containers these are, e.g. the data directory's id: what a dead process left behind under it is removed at start. */
  readonly label: string
  readonly logger: Logger
  /** An image already in the engine; default: the one `ensureImage` puts there. */
  readonly image?: string
  /** Where an assembled image is kept for the next engine; default: nowhere. */
  readonly imageCache?: string
  /** Filters of one author share a container, and may fail together; default: each has its own. */
  readonly shareByAuthor?: boolean
  /** CPU time of loading a filter with its imports; default 10 s. */
  readonly loadMs?: number
  /** All containers are proved again this often; default an hour. */
  readonly proveMs?: number
  readonly metrics?: SandboxMetrics
  /** Called when a container was replaced, with the reason. */
  readonly onRestart?: (reason: string) => void
}

export const DEFAULT_LOAD_MS = 10_000
export const DEFAULT_PROVE_MS = 3_600_000
