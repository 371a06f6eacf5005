// The program of an isolate host. In come the sources below guest/, out goes a directory of plain JavaScript: types are erased here, because a jitless host cannot
// do it, and because only these files and isolated-vm are visible inside a jail.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { transformSync } from 'amaro'
import { SandboxError } from '../../errors.ts'

const FOLDER = resolve(import.meta.dirname, '../..')
const ENTRY = join(FOLDER, 'guest/host/main.ts')
const IMPORT = /(\bfrom\s+')(\.{1,2}\/[^']+)\.ts'/g
const RUNTIME_PACKAGES = ['isolated-vm', 'node-gyp-build']

/** Where Node, the program and its packages are inside a jail, whichever it is. */
export const INSIDE = { node: '/app/node', code: '/app/code', packages: '/app/node_modules' } as const

/** Where a host's program and the packages it needs lie. */
export interface HostProgram {
  /** Directory with the erased files. */
  readonly code: string
  /** The entry, relative to `code`. */
  readonly entry: string
  /** Package name → its directory. */
  readonly packages: Readonly<Record<string, string>>
}

/** Writes the host's program below `dir`. Throws SANDBOX_RUNTIME_FILES. */
export function writeHostProgram(dir: string): HostProgram {
  const code = join(dir, 'guest')
  try {
    rmSync(code, { recursive: true, force: true })
    const pending = [ENTRY]
    const seen = new Set(pending)
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      const { code: erased } = transformSync(readFileSync(file, 'utf8'), { mode: 'strip-only' })
      const from = dirname(file)
      const text = erased.replace(IMPORT, (_match, before: string, target: string) => {
        const found = resolve(from, `${target}.ts`)
        if (!seen.has(found)) pending.push(found)
        seen.add(found)
        return `${before}${target}.mjs'`
      })
      const to = join(code, relative(FOLDER, file).replace(/\.ts$/, '.mjs'))
      mkdirSync(dirname(to), { recursive: true, mode: 0o755 })
      writeFileSync(to, text, { mode: 0o644 })
    }
    chmodSync(code, 0o755)
    const require = createRequire(import.meta.url)
    const packages = Object.fromEntries(
      RUNTIME_PACKAGES.map(name => [name, dirname(require.resolve(`${name}/package.json`))]),
    )
    return { code, entry: relative(FOLDER, ENTRY).replace(/\.ts$/, '.mjs'), packages }
  } catch (error) {
    throw new SandboxError(
      'SANDBOX_RUNTIME_FILES',
      `The files of the isolate host could not be written below ${code}; check that the directory is writable and that npm install has run.`,
      { cause: error },
    )
  }
}
