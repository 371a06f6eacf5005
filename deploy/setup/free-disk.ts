// How much room a folder's disk has for what is to lie there.
import { mkdirSync } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'

/** Of a block, in which the file system counts what a file takes. */
const BLOCK_BYTES = 512
const GB = 1e9

export interface DiskRoom {
  readonly diskBytes: number
  /** Free, and what the folder's own files take already. */
  readonly freeBytes: number
}

/** What a folder's files take of the disk; one that goes away meanwhile takes nothing. */
export const takenBy = async (dir: string): Promise<number> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const sizes = entries.map(async entry => {
    if (!entry.isFile()) return 0
    const file = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    return (file?.blocks ?? 0) * BLOCK_BYTES
  })
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0)
}

/** Makes the folder where it is missing. */
export const diskRoom = async (dir: string): Promise<DiskRoom> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const { blocks, bavail, bsize } = await statfs(dir)
  return { diskBytes: blocks * bsize, freeBytes: bavail * bsize + (await takenBy(dir)) }
}

/** Throws DeployError DEPLOY_DISK where a folder's disk has less room than `bytes`. */
export const demandRoom = async (dir: string, bytes: number): Promise<void> => {
  const { freeBytes } = await diskRoom(dir)
  if (freeBytes >= bytes) return
  const gb = (count: number): string => (count / GB).toFixed(1)
  throw new DeployError(
    'DEPLOY_DISK',
    `The disk of ${dir} has ${gb(freeBytes)} GB for it, and ${gb(bytes)} GB are needed: what its topics keep, and a fifth to spare. Nothing was started. Make room there, or choose another --data-dir.`,
  )
}
