// `skysieve auth`: keep a token for an API, and ask whose it is. Tokens come over standard input, never as an argument.
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import type { AddCommands } from '../context/add-commands.ts'
import { openClient } from '../connection/api-client.ts'
import type { CliContext } from '../context/cli-context.ts'
import { caOf, trimmed } from '../connection/connection.ts'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { DEFAULT_URL } from '../local-system/local-system.ts'
import { openProfiles } from '../connection/profiles.ts'
import { sessionOf } from '../connection/session.ts'

interface Me {
  readonly account: string
  readonly scopes: readonly string[]
  readonly admin: boolean
}

export const addAuth: AddCommands = (program, context) => {
  const auth = program.command('auth').description('who you are')

  auth
    .command('login')
    .description('keep a token for an API; it is read from standard input or SKYSIEVE_TOKEN')
    .option('--ca <file>', 'certificate of the system’s own authority, for an API that has one of it (SKYSIEVE_CA)')
    .action(async ({ ca: file }: { readonly ca?: string }, command) => {
      const { out, url: given } = sessionOf(command, context)
      const url = trimmed(given ?? context.url) ?? DEFAULT_URL
      const token = context.token ?? (await readToken(context))
      const profiles = openProfiles(context.configDirectory)
      const known = profiles.find(url)
      const ca = caOf(context, file) ?? known?.ca
      const me = await openClient({ url, token, ca }).call<Me>('GET', '/v1/me')
      profiles.save({ ...known, url, token, ...(ca === undefined ? {} : { ca }) }, { makeCurrent: true })
      out.result({ url, ...me }, () => `Logged in to ${url} as ${me.account}.`)
    })

  auth
    .command('whoami')
    .description('the account and scopes of your token')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const me = await client.call<Me>('GET', '/v1/me')
      out.result({ url: client.url, ...me }, () => `${me.account} at ${client.url} (${me.scopes.join(', ')})`)
    })
}

async function readToken({ stdin, stderr }: CliContext): Promise<string> {
  if (stdin.isTTY !== true) return checked(await text(stdin))
  const prompt = createInterface({ input: stdin, output: stderr })
  try {
    return checked(await prompt.question('Token (sky_…): '))
  } finally {
    prompt.close()
  }
}

function checked(input: string): string {
  const token = input.trim()
  if (/^[\w.~+/=-]{1,200}$/.test(token)) return token
  throw new CliError(
    'CLI_TOKEN_MISSING',
    EXIT.usage,
    'Standard input holds no token. Try: skysieve auth login < token-file',
  )
}
