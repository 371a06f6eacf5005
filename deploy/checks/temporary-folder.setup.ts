// One folder for everything that tests write, removed when they end: tests then need not clean up after themselves, even when they fail.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const setup = (): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-test-'))
  // The sandbox's user passes through it to what is mounted for it.
  chmodSync(folder, 0o711)
  process.env.TMPDIR = folder
  return () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    } catch (error) {
      process.stderr.write(
        `${folder} could not be removed: ${String(error)}. Something in it is still mounted or in use.\n`,
      )
    }
  }
}
