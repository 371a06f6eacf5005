// A small disk of its own for one node, to be filled and freed: a tmpfs. Needs root.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const CHUNK = Buffer.alloc(1024 * 1024, 1)

export interface SmallDisk {
  /** Takes every byte that is left. */
  readonly fill: () => void
  /** Gives them back. */
  readonly free: () => void
  readonly close: () => void
}

/** Mounts it on `dir`. Throws with what is missing where that is not allowed. */
export const mountSmallDisk = (dir: string, sizeMb: number): SmallDisk => {
  mkdirSync(dir, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0700`, 'tmpfs', dir], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(`a tmpfs could not be mounted on ${dir}: the test of a full disk has to run as root`, {
      cause: error,
    })
  }
  const filler = join(dir, 'filler')
  return {
    fill: () => {
      const file = openSync(filler, 'w')
      try {
        for (;;) writeSync(file, CHUNK)
      } catch {
        // Full, but for less than a megabyte.
      } finally {
        closeSync(file)
      }
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(512))
      } catch {
        // Full.
      }
    },
    free: () => rmSync(filler, { force: true }),
    close: () => execFileSync('umount', ['--lazy', dir]),
  }
}
