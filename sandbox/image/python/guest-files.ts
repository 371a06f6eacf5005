// The program of the containers, copied to a place every user can read, whatever the modes of the checkout.
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, '../../guest/python')

/** Writes it below `dir` and returns its directory. */
export function copyGuestFiles(dir: string): string {
  const guest = join(dir, 'guest')
  mkdirSync(guest, { recursive: true })
  for (const name of readdirSync(SOURCE).filter(file => file.endsWith('.py'))) {
    copyFileSync(join(SOURCE, name), join(guest, name))
    chmodSync(join(guest, name), 0o444)
  }
  chmodSync(guest, 0o755)
  return guest
}
