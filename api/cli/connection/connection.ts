// Which API a command talks to and as whom: flags and environment first, then a profile, then a system in the working directory.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CliContext } from '../context/cli-context.ts'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { DEFAULT_URL, localSystem } from '../local-system/local-system.ts'
import { openProfiles } from './profiles.ts'

export interface Connection {
  readonly url: string
  readonly token: string
  /** Certificate of an authority that the API's may be of, besides those the machine trusts; PEM. */
  readonly ca?: string | undefined
}

/** @throws CliError CLI_NOT_LOGGED_IN, CLI_FILE */
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
  return { url: wanted ?? profile?.url ?? fitting?.url ?? DEFAULT_URL, token, ca: caOf(context) ?? profile?.ca }
}

/** The certificate in a file that is named, by default the one that SKYSIEVE_CA names. @throws CliError CLI_FILE */
export function caOf({ directory, caFile }: CliContext, file = caFile): string | undefined {
  if (file === undefined) return undefined
  try {
    const text = readFileSync(resolve(directory, file), 'utf8')
    if (/-----BEGIN CERTIFICATE-----/.test(text)) return text
  } catch (cause) {
    throw new CliError('CLI_FILE', EXIT.usage, `The certificate ${file} cannot be read.`, { cause })
  }
  throw new CliError('CLI_FILE', EXIT.usage, `${file} holds no certificate (PEM).`)
}

/** `url` without a trailing slash. */
export const trimmed = (url: string | undefined): string | undefined => url?.replace(/\/+$/, '')
