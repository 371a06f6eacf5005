// `skysieve node add`: a token for one node, and the command to type on its machine.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { LABELS_OPTION, labelsIn } from '../filter/labels.ts'

interface AddOptions {
  readonly labels?: string
  readonly limitFilters?: string
  readonly minutes?: string
  readonly tokenFile?: string
}

type Added = NodeView & { readonly token: string; readonly joinUrl: string }

const usage = (message: string): CliError => new CliError('CLI_OPTION', EXIT.usage, message)

function numberIn(option: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw usage(`${option} takes a whole number from ${least} on, not “${text}”.`)
}

/** A new file that only its owner reads; made before there is a token, so that none is made which could not be kept. */
function openTokenFile(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const why = isThere ? 'it is there already, and is not written over' : (cause as Error).message
    throw new CliError('CLI_FILE', EXIT.usage, `The token cannot be written to ${file}: ${why}.`, { cause })
  }
}

/** A node on another machine has to say by which address it is reached. */
const joinCommand = (url: string, file: string): string =>
  `  npm start -- --join ${url} --token-file ${file}${url.startsWith('https:') ? ' --listen ADDRESS' : ''}`

const screenText = ({ mirror, tokenExpiresAt, token, joinUrl }: Added): string =>
  [
    `Node ${mirror} can join until ${tokenExpiresAt ?? ''}. Its token, shown only now:`,
    token,
    'On its machine, put the token into a file that only you can read (umask 077), and start the node:',
    joinCommand(joinUrl, `${mirror}.token`),
  ].join('\n')

const fileText = ({ mirror, tokenExpiresAt, joinUrl }: Added, file: string): string =>
  [
    `Node ${mirror} can join until ${tokenExpiresAt ?? ''}. Its token is in ${file}, which only you can read.`,
    'Take that file to its machine, and start the node there:',
    joinCommand(joinUrl, `${mirror}.token`),
  ].join('\n')

export const addAdd: AddCommands = (node, context) => {
  node
    .command('add [name]')
    .description('add a node: makes a token that it joins with, once; a new one where the node has not joined yet')
    .option(LABELS_OPTION, 'what filters may ask for')
    .option('--limit-filters <n>', 'filters it may have')
    .option('--minutes <n>', 'how long the token is good (an hour by itself)')
    .option('--token-file <file>', 'write the token to this new file, with mode 0600, and not on the screen')
    .action(async (name: string | undefined, options: AddOptions, command) => {
      const { labels, limitFilters, minutes, tokenFile } = options
      const body = {
        ...(name === undefined ? {} : { name }),
        ...(labels === undefined ? {} : { labels: labelsIn(labels) }),
        ...(limitFilters === undefined ? {} : { limits: { filters: numberIn('--limit-filters', limitFilters, 0) } }),
        ...(minutes === undefined ? {} : { minutes: numberIn('--minutes', minutes, 1) }),
      }
      const { out, api } = sessionOf(command, context)
      const client = api()
      if (tokenFile === undefined) {
        const added = await client.call<Added>('POST', '/v1/nodes', body)
        out.result(added, () => screenText(added))
        return
      }
      const file = resolve(context.directory, tokenFile)
      const handle = openTokenFile(file)
      try {
        const { token, ...added } = await client.call<Added>('POST', '/v1/nodes', body)
        writeSync(handle, `${token}\n`)
        out.result({ ...added, tokenFile: file }, () => fileText({ ...added, token: '' }, file))
      } catch (error) {
        rmSync(file, { force: true })
        throw error
      } finally {
        closeSync(handle)
      }
    })
}
