// `skysieve node add`: a token for each machine of a node, and the command to type there.
import { resolve } from 'node:path'
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { LABELS_OPTION, labelsIn } from '../filter/labels.ts'
import { numberIn } from './numbers.ts'
import { invitationText, type Invited } from './invitation-text.ts'
import { withTokenFiles } from './token-files.ts'

interface AddOptions {
  readonly cell?: boolean
  readonly labels?: string
  readonly limitFilters?: string
  readonly minutes?: string
  readonly tokenFile?: string
}

interface Added extends NodeView {
  readonly token?: string
  readonly tokens?: readonly { readonly machine: number; readonly token: string }[]
  readonly joinUrl: string
}

/** For each machine that can join now; of a node of one machine it has no number. */
const invitedBy = ({ mirror, tokenExpiresAt, machines, token, tokens, joinUrl }: Added): readonly Invited[] =>
  token === undefined
    ? (tokens ?? []).map(one => ({
        ...one,
        node: mirror,
        joinUrl,
        until: machines?.find(({ machine }) => machine === one.machine)?.tokenExpiresAt ?? '',
      }))
    : [{ node: mirror, token, joinUrl, until: tokenExpiresAt ?? '' }]

export const addAdd: AddCommands = (node, context) => {
  node
    .command('add [name]')
    .description('add a node: makes a token that it joins with, once; a new one where the node has not joined yet')
    .option('--cell', 'three machines that stand in for each other; makes a token for each')
    .option(LABELS_OPTION, 'what filters may ask for')
    .option('--limit-filters <n>', 'filters it may have')
    .option('--minutes <n>', 'how long the token is good (an hour by itself)')
    .option(
      '--token-file <file>',
      'write the token to this new file, with mode 0600, and not on the screen; of a cell to FILE.1, FILE.2 and FILE.3',
    )
    .action(async (name: string | undefined, options: AddOptions, command) => {
      const { cell = false, labels, limitFilters, minutes, tokenFile } = options
      const body = {
        ...(name === undefined ? {} : { name }),
        ...(cell ? { machines: 3 } : {}),
        ...(labels === undefined ? {} : { labels: labelsIn(labels) }),
        ...(limitFilters === undefined ? {} : { limits: { filters: numberIn('--limit-filters', limitFilters, 0) } }),
        ...(minutes === undefined ? {} : { minutes: numberIn('--minutes', minutes, 1) }),
      }
      const { out, api } = sessionOf(command, context)
      const client = api()
      const add = () => client.call<Added>('POST', '/v1/nodes', body)
      if (tokenFile === undefined) {
        const added = await add()
        out.result(added, () => invitedBy(added).map(invitationText).join('\n\n'))
        return
      }
      const base = resolve(context.directory, tokenFile)
      await withTokenFiles(cell ? [1, 2, 3].map(machine => `${base}.${machine}`) : [base], async opened => {
        const { token, tokens, ...added } = await add()
        const invited = invitedBy({
          ...added,
          ...(token === undefined ? {} : { token }),
          ...(tokens === undefined ? {} : { tokens }),
        })
        const kept = invited.map(one => {
          const target = opened[(one.machine ?? 1) - 1]
          target?.write(one.token)
          return { ...one, file: target?.file ?? base }
        })
        const files = kept.map(({ file }) => file)
        out.result({ ...added, ...(cell ? { tokenFiles: files } : { tokenFile: files[0] }) }, () =>
          kept.map(invitationText).join('\n\n'),
        )
      })
    })
}
