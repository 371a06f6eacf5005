// Which API a command talks to and as whom: flags and environment first, then a profile, then a system in the working directory.
import type { CliContext } from '../context/cli-context.ts'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { DEFAULT_URL, localSystem } from '../local-system/local-system.ts'
import { openProfiles } from './profiles.ts'

export interface Connection {
  readonly url: string
  readonly token: string
}

/** @throws CliError CLI_NOT_LOGGED_IN */
export function connectionOf(context: CliContext, url: string | undefined): Connection {
  const wanted = trimmed(url ?? context.url)
  const profile = openProfiles(context.configDirectory).find(wanted)
  const local = localSystem(context.directory)
  const fitting = local && (wanted === undefined || local.url === wanted) ? local : undefined
  const token = context.token ?? profile?.token ?? fitting?.adminToken
  if (token === undefined) {
    const message =
      'No token: run `skysieve auth login`, set SKYSIEVE_TOKEN, or run this where `skysieve start` was run.'
    throw new CliError('CLI_NOT_LOGGED_IN', EXIT.auth, message)
  }
  return { url: wanted ?? profile?.url ?? fitting?.url ?? DEFAULT_URL, token }
}

/** `url` without a trailing slash. */
export const trimmed = (url: string | undefined): string | undefined => url?.replace(/\/+$/, '')
