// Which API a command talks to and as whom: flags and environment first, then a profile, then a system in the working directory.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Surroundings } from './config.ts'
import { CliError, EXIT } from './exit.ts'
import { openProfiles } from './profile.ts'

export const DEFAULT_URL = 'http://127.0.0.1:21005'
const DATA_DIRECTORY = '.skysieve'

export interface Connection {
  readonly url: string
  readonly token: string
}

/** What `skysieve start` leaves in its data directory (mode 0600) for commands on the same machine. */
const LocalSystem = Type.Object({ url: Type.String(), token: Type.String() })

/** @throws CliError CLI_NOT_LOGGED_IN */
export function connectionOf(around: Surroundings, url: string | undefined): Connection {
  const wanted = trimmed(url ?? around.url)
  const profile = openProfiles(around.configDirectory).find(wanted)
  const local = readLocal(join(around.directory, DATA_DIRECTORY))
  const fitting = local && (wanted === undefined || local.url === wanted) ? local : undefined
  const token = around.token ?? profile?.token ?? fitting?.token
  if (token === undefined) {
    const message =
      'No token: run `skysieve auth login`, set SKYSIEVE_TOKEN, or run this where `skysieve start` was run.'
    throw new CliError('CLI_NOT_LOGGED_IN', EXIT.auth, message)
  }
  return { url: wanted ?? profile?.url ?? fitting?.url ?? DEFAULT_URL, token }
}

/** `url` without a trailing slash. */
export const trimmed = (url: string | undefined): string | undefined => url?.replace(/\/+$/, '')

function readLocal(directory: string): Connection | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, 'local-profile.json'), 'utf8'))
    return Value.Check(LocalSystem, value) ? value : undefined
  } catch {
    return undefined
  }
}
