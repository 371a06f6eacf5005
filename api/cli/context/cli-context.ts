// What a run of the command line is given: streams, directories and variables. The only file of it that reads the environment.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Language } from '#filters'
import type { Sandbox } from '#sandbox'
import type { Readable, Writable } from 'node:stream'

/** Streams, directories and variables of one run; tests give their own. */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly directory: string
  /** Where profiles are kept: `$XDG_CONFIG_HOME/skysieve`, else `~/.config/skysieve`. */
  readonly configDirectory: string
  readonly url?: string | undefined
  readonly token?: string | undefined
  /** A file with the certificate of the API's authority, PEM. */
  readonly caFile?: string | undefined
  readonly kafkaPassword?: string | undefined
  /** For writing into a schema registry whose address names a user. */
  readonly registryToken?: string | undefined
  readonly color: boolean
  /** Opens the production sandbox of a language for `filter test`; whoever composes the command line knows how. */
  readonly openSandbox?: ((language: Language) => Promise<Sandbox>) | undefined
  /** Ends long commands as Ctrl-C does. */
  readonly signal?: AbortSignal | undefined
}

/** The context of this process; `openSandbox` as in CliContext. */
export function processContext(openSandbox?: CliContext['openSandbox']): CliContext {
  const { env, stdin, stdout, stderr } = process
  return {
    stdin,
    stdout,
    stderr,
    directory: process.cwd(),
    configDirectory: join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'skysieve'),
    url: env['SKYSIEVE_URL'],
    token: env['SKYSIEVE_TOKEN'],
    caFile: env['SKYSIEVE_CA'],
    kafkaPassword: env['SKYSIEVE_KAFKA_PASSWORD'],
    registryToken: env['SKYSIEVE_REGISTRY_TOKEN'],
    color: stderr.isTTY && !env['NO_COLOR'],
    openSandbox,
  }
}
