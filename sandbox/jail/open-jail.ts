// Chooses how hosts are confined: bubblewrap where it works, else containers where a Docker engine answers, or nothing at all when a developer asks for that.
import { type Logger } from 'pino'
import { DEFAULT_SOCKET } from '../engine/docker-engine.ts'
import { SandboxError } from '../errors.ts'
import { openBubblewrapJail } from './bubblewrap-jail.ts'
import { type HostEngine, openContainerJail } from './container-jail.ts'
import { type Jail } from './jail.ts'
import { type OnForbidden } from './seccomp-filter.ts'
import { openUnsafeJail } from './unsafe-jail.ts'

/** Ways to confine a host. `unsafe` is none: for development only. */
export const HOST_KINDS = ['bubblewrap', 'container', 'unsafe'] as const
export type HostKind = (typeof HOST_KINDS)[number]

export interface JailOptions {
  /** Default: bubblewrap, and containers where it cannot run. */
  readonly host?: HostKind | undefined
  /** Where containers are made; default: the engine of this machine. */
  readonly engine?: HostEngine | undefined
  /** A private directory for files of the jail. */
  readonly dir: string
  readonly logger: Logger
  readonly onForbidden?: OnForbidden
}

/** Opens the jail of this machine. Throws SANDBOX_UNAVAILABLE with what to do, or SANDBOX_ENGINE_UNREACHABLE where only an engine that was named is lacking. */
export async function openJail({ host, engine, dir, logger, onForbidden = 'errno' }: JailOptions): Promise<Jail> {
  const inContainers = (): Promise<Jail> =>
    openContainerJail({ engine: DEFAULT_SOCKET, label: 'isolate-hosts', ...engine, dir, logger })
  if (host === 'unsafe') return openUnsafeJail()
  if (host === 'container') return inContainers()
  try {
    return openHere(dir, onForbidden)
  } catch (error) {
    if (host === 'bubblewrap' || !isUnavailable(error)) throw error
    return await insteadOf(error, inContainers, engine !== undefined)
  }
}

function openHere(dir: string, onForbidden: OnForbidden): Jail {
  if (process.platform === 'linux') return openBubblewrapJail({ dir, onForbidden })
  throw new SandboxError(
    'SANDBOX_UNAVAILABLE',
    `Isolate hosts are confined by bubblewrap on Linux, and this is ${process.platform}; start a Docker engine here, or use --unsafe-sandbox for development.`,
  )
}

const isUnavailable = (error: unknown): error is SandboxError =>
  error instanceof SandboxError && error.code === 'SANDBOX_UNAVAILABLE'

/** Where neither works, both reasons are said: the first one says what to do. An engine that was named may still come. */
async function insteadOf(unavailable: SandboxError, open: () => Promise<Jail>, isNamed: boolean): Promise<Jail> {
  try {
    const jail = await open()
    return { ...jail, remarks: [...jail.remarks, `isolate hosts run in containers: ${unavailable.message}`] }
  } catch (error) {
    const code = isNamed ? 'SANDBOX_ENGINE_UNREACHABLE' : 'SANDBOX_UNAVAILABLE'
    const why = error instanceof Error ? error.message : String(error)
    const message = `${unavailable.message} In its place a Docker engine would do: ${why}`
    throw new SandboxError(code, message, { cause: unavailable })
  }
}
