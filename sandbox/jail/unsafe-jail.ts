// No confinement: a plain child process. For development on machines that cannot do better; it warns and shows in the posture.
import { spawn } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type OutputListener } from '../engine/attach-stream.ts'
import { followChild } from './child-process.ts'
import { type ConfinedHost, HOST_ENVIRONMENT, type HostCommand, type Jail } from './jail.ts'

const UNSAFE_REMARK =
  'filters run in a plain process without any confinement (unsafe sandbox): use it for development only, never for filters of others'

/** A jail in name only. */
export function openUnsafeJail(): Jail {
  return {
    kind: 'unsafe',
    remarks: [UNSAFE_REMARK],
    start({ files, nodeFlags, ring, intent, niceness = 0 }: HostCommand, onOutput: OutputListener): ConfinedHost {
      const modules = join(files.code, 'node_modules')
      mkdirSync(modules, { recursive: true })
      for (const [name, path] of Object.entries(files.packages)) {
        try {
          symlinkSync(path, join(modules, name))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
        }
      }
      const child = spawn(process.execPath, [...nodeFlags, join(files.code, files.entry)], {
        stdio: ['pipe', 'pipe', 'pipe', ring.descriptor, intent.descriptor],
        env: HOST_ENVIRONMENT,
        cwd: '/',
      })
      return {
        ...followChild(child, { onOutput, niceness }),
        nodePid: () => child.pid,
        differences: () => Promise.resolve([]),
      }
    },
    close: () => Promise.resolve(),
  }
}
