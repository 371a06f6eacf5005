// Directories in memory for what is shared with hosts: the ring and the intent records.
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeOwnDirectory } from './leftovers.ts'

/** Where files that live in memory go; on systems without it, the given directory. */
export const memoryDirectory = (dir: string): string => (existsSync('/dev/shm') ? '/dev/shm' : dir)

/** A directory of this process below `parent` that nobody else can enter, with one inside that may be mounted elsewhere. */
export function makeSharedFolder(
  parent: string,
  name: string,
): { readonly folder: string; readonly remove: () => void } {
  const outer = makeOwnDirectory(parent, `skysieve-${name}-`)
  const folder = join(outer, name)
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  return { folder, remove: () => rmSync(outer, { recursive: true, force: true }) }
}
