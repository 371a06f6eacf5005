// The shared libraries a program is linked with: all that is visible of the system inside the process sandbox.
import { execFileSync } from 'node:child_process'

/** Absolute paths as the dynamic linker finds them, the linker itself among them. */
export function sharedLibraries(programs: readonly string[]): string[] {
  const found = new Set<string>()
  for (const program of programs) {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } })
    for (const match of text.matchAll(/(?:=>\s+|^\s+)(\/\S+)\s+\(0x/gm)) if (match[1] !== undefined) found.add(match[1])
  }
  return [...found]
}
