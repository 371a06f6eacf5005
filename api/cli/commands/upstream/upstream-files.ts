// Where the upstreams of a system that was started in the working directory are kept: a file each, readable by its owner alone. Its upstream process
// follows them.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CliContext } from '../../context/cli-context.ts'
import { DATA_DIRECTORY, localSystem } from '../../local-system/local-system.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'

const NAME = /^[a-z][a-z0-9-]{0,31}$/

/** @throws CliError CLI_NAME, CLI_HUB_UNKNOWN where no system was started in the working directory */
export const upstreamFile = ({ directory }: CliContext, name: string): string => {
  if (!NAME.test(name))
    throw new CliError(
      'CLI_NAME',
      EXIT.usage,
      `“${name}” is no name of an upstream: it has up to 32 of a-z, 0-9 and -, a letter first.`,
    )
  if (localSystem(directory) === undefined)
    throw new CliError(
      'CLI_HUB_UNKNOWN',
      EXIT.usage,
      'Upstreams are added and removed on the hub’s machine: run this where `skysieve start` was run.',
    )
  return join(directory, DATA_DIRECTORY, 'upstreams', `${name}.json`)
}

export const hasUpstream = (file: string): boolean => existsSync(file)

/** After a crash at any point the file is whole, the old one or the new one. */
export const writeUpstream = (file: string, text: string): void => {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  rmSync(`${file}.new`, { force: true })
  const handle = openSync(`${file}.new`, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(`${file}.new`, file)
}

export const removeUpstream = (file: string): void => rmSync(file)
