// Where the upstreams of a system that was started in the working directory are kept: a file each, readable by its owner alone. Its upstream process
// follows them.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { UpstreamSettings } from '#hub'
import type { CliContext } from '../../context/cli-context.ts'
import { isRecord } from '../../context/json-shape.ts'
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

/** The name of another upstream that takes this topic into this stream already: together they would bring each packet twice. */
export const takenBy = (file: string, { bootstrap, topic, stream }: UpstreamSettings): string | undefined => {
  const folder = dirname(file)
  const others = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
  const other = others.find(name => {
    const there = join(folder, name) === file ? undefined : settingsIn(join(folder, name))
    return there?.['topic'] === topic && there['stream'] === stream && there['bootstrap'] === bootstrap
  })
  return other?.replace(/\.json$/, '')
}

const settingsIn = (file: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** After a crash at any point the file is whole, the old one or the new one. */
export const writeUpstream = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
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
