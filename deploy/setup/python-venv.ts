// The Python clients the tests read deliveries with, in a virtual environment of their own. Named by the hash of its pinned
// packages, so that a change of them makes a new one.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

const REQUIREMENTS = join(import.meta.dirname, 'python/requirements.txt')
const CONSTRAINTS = join(import.meta.dirname, 'python/constraints.txt')

/** Its folder; the program is bin/python3 in it. */
export const pythonVenvIn = (cacheDir: string): string => {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(readFileSync(CONSTRAINTS)).digest('hex')
  return join(cacheDir, `python-${hash.slice(0, 12)}`)
}

/** Complete when this exists: it is made last. */
const marker = (cacheDir: string): string => join(pythonVenvIn(cacheDir), 'complete')

export const havePythonVenv = (cacheDir: string): boolean => existsSync(marker(cacheDir))

/** Makes it. Scripts in a virtual environment hold its path, so it is built in place and marked when it is whole. */
export const makePythonVenv = async (cacheDir: string): Promise<void> => {
  const venv = pythonVenvIn(cacheDir)
  await rm(venv, { recursive: true, force: true })
  await mkdir(cacheDir, { recursive: true })
  await runCommand('python3', ['-m', 'venv', venv])
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--only-binary=:all:']
  await runCommand(join(venv, 'bin/python3'), [...pip, '-r', REQUIREMENTS, '-c', CONSTRAINTS])
  await mkdir(`${marker(cacheDir)}.new`)
  await rename(`${marker(cacheDir)}.new`, marker(cacheDir))
}
