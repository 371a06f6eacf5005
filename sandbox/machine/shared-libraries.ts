// The shared libraries a program is linked with: all that is visible of the system inside the process sandbox.
import { runTool } from './run-tool.ts'

/** Absolute paths as the dynamic linker finds them, the linker itself among them. */
export function sharedLibraries(programs: readonly string[]): string[] {
  const found = new Set<string>()
  for (const program of programs) {
    const text = runTool('ldd', [program], { LC_ALL: 'C', PATH: '/usr/bin:/bin' })
    for (const match of text.matchAll(/(?:=>\s+|^\s+)(\/\S+)\s+\(0x/gm)) if (match[1] !== undefined) found.add(match[1])
  }
  return [...found]
}
