// What every command gets: its context, where to print, and the API when it asks for it. Read it first in this folder.
// In: the command's options and the context. Out: an output and a client of the API.
import type { Command } from 'commander'
import { type Client, openClient } from './api-client.ts'
import type { CliContext } from '../context/cli-context.ts'
import { connectionOf } from './connection.ts'
import { openOutput, type Output } from '../output/output.ts'

export interface Session {
  readonly context: CliContext
  readonly out: Output
  /** The address given by `--url`, if any. */
  readonly url: string | undefined
  /** The API as the caller logged in to it. Throws CliError CLI_NOT_LOGGED_IN. */
  readonly api: () => Client
}

/** Options that every command has. */
interface CommonOptions {
  readonly url?: string
  readonly json?: boolean
}

/** The session of a command from its own and its parents' options. */
export function sessionOf(command: Command, context: CliContext): Session {
  const { url, json } = command.optsWithGlobals<CommonOptions>()
  let client: Client | undefined
  return {
    context,
    out: openOutput(context, json ?? false),
    url,
    api: () => (client ??= openClient(connectionOf(context, url))),
  }
}
