// Python programs the tests use, each set in a virtual environment of its own. Named by the hash of its pinned packages, so that a
// change of them makes a new one.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

const file = (name: string): string => join(import.meta.dirname, 'python', name)

/** `clients` read deliveries; `fuzz` is schemathesis. */
const SETS = {
  clients: { name: 'python', files: [file('requirements.txt'), file('constraints.txt')], options: ['-r', '-c'] },
  fuzz: { name: 'python-fuzz', files: [file('fuzz.lock')], options: ['-r'] },
} as const

export type PythonSet = keyof typeof SETS
export const PYTHON_SETS = Object.keys(SETS) as readonly PythonSet[]

/** A set's folder; its programs are in bin. */
export const pythonVenvIn = (cacheDir: string, set: PythonSet = 'clients'): string => {
  const { name, files } = SETS[set]
  const hash = createHash('sha256')
  for (const path of files) hash.update(readFileSync(path))
  return join(cacheDir, `${name}-${hash.digest('hex').slice(0, 12)}`)
}

/** Complete when this exists: it is made last. */
const marker = (cacheDir: string, set: PythonSet): string => join(pythonVenvIn(cacheDir, set), 'complete')

export const havePythonVenv = (cacheDir: string, set: PythonSet): boolean => existsSync(marker(cacheDir, set))

/** Makes it. Scripts in a virtual environment hold its path, so it is built in place and marked when it is whole. */
export const makePythonVenv = async (cacheDir: string, set: PythonSet): Promise<void> => {
  const venv = pythonVenvIn(cacheDir, set)
  const { files, options } = SETS[set]
  await rm(venv, { recursive: true, force: true })
  await mkdir(cacheDir, { recursive: true })
  await runCommand('python3', ['-m', 'venv', venv])
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--only-binary=:all:']
  const packages = files.flatMap((path, at) => [options[at] ?? '-r', path])
  await runCommand(join(venv, 'bin/python3'), [...pip, ...packages])
  await mkdir(`${marker(cacheDir, set)}.new`)
  await rename(`${marker(cacheDir, set)}.new`, marker(cacheDir, set))
}
