// Chooses how hosts are confined: bubblewrap, or nothing at all when a developer asks for that.
import { SandboxError } from '../errors.ts'
import { openBubblewrapJail } from './bubblewrap.ts'
import { type Jail } from './jail.ts'
import { type OnForbidden } from './seccomp.ts'
import { openUnsafeJail } from './unsafe.ts'

export interface JailOptions {
  readonly unsafe: boolean
  /** A private directory for files of the jail. */
  readonly dir: string
  readonly onForbidden?: OnForbidden
}

/** Opens the jail of this machine. Throws SANDBOX_UNAVAILABLE with what to do. */
export function openJail({ unsafe, dir, onForbidden = 'errno' }: JailOptions): Jail {
  if (unsafe) return openUnsafeJail()
  if (process.platform !== 'linux')
    throw new SandboxError(
      'SANDBOX_UNAVAILABLE',
      `The process sandbox needs Linux, and this is ${process.platform}; run Skysieve in a Linux container or machine, or start with --unsafe-sandbox for development.`,
    )
  return openBubblewrapJail({ dir, onForbidden })
}
