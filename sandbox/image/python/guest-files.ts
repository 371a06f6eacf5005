// The program of the containers, copied to a place every user can read, whatever the modes of the checkout.
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

const SOURCE = join(import.meta.dirname, '../../guest/python')

/** Writes it below `dir` and returns its directory. */
export function copyGuestFiles(dir: string): string {
  const guest = join(dir, 'guest')
  mkdirSync(guest, { recursive: true })
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.py'))
  for (const name of names) {
    const to = join(guest, name)
    mkdirSync(dirname(to), { recursive: true })
    chmodSync(dirname(to), 0o755)
    copyFileSync(join(SOURCE, name), to)
    chmodSync(to, 0o444)
  }
  chmodSync(guest, 0o755)
  return guest
}
