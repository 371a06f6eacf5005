// `skysieve node replace-machine`: a token for the machine that takes the place of one that is lost for good.
import { resolve } from 'node:path'
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { invitationText, type Invited } from './invitation-text.ts'
import { numberIn } from './numbers.ts'
import { withTokenFiles } from './token-files.ts'

interface ReplaceOptions {
  readonly force?: boolean
  readonly minutes?: string
  readonly tokenFile?: string
}

type Offered = NodeView & { readonly token: string; readonly joinUrl: string }

const invitedBy = ({ mirror, machines, token, joinUrl }: Offered, machine: number): Invited => ({
  node: mirror,
  machine,
  token,
  joinUrl,
  until: machines?.find(one => one.machine === machine)?.tokenExpiresAt ?? '',
})

export const addReplaceMachine: AddCommands = (node, context) => {
  node
    .command('replace-machine <name> <machine>')
    .description('give the place of a machine of a cell, which is lost for good, to another one')
    .option('--force', 'also where it is alive, or another machine is not')
    .option('--minutes <n>', 'how long the token is good (an hour by itself)')
    .option('--token-file <file>', 'write the token to this new file, with mode 0600, and not on the screen')
    .action(async (name: string, number: string, options: ReplaceOptions, command) => {
      const { force = false, minutes, tokenFile } = options
      const machine = numberIn('<machine>', number, 1, 3)
      const body = { force, ...(minutes === undefined ? {} : { minutes: numberIn('--minutes', minutes, 1) }) }
      const { out, api } = sessionOf(command, context)
      const client = api()
      const path = `/v1/nodes/${encodeURIComponent(name)}/machines/${machine}/replace`
      if (tokenFile === undefined) {
        const offered = await client.call<Offered>('POST', path, body)
        out.result(offered, () => invitationText(invitedBy(offered, machine)))
        return
      }
      await withTokenFiles([resolve(context.directory, tokenFile)], async ([target]) => {
        const offered = await client.call<Offered>('POST', path, body)
        target?.write(offered.token)
        const { token: _, ...shown } = offered
        const file = target?.file ?? tokenFile
        out.result({ ...shown, tokenFile: file }, () => invitationText({ ...invitedBy(offered, machine), file }))
      })
    })
}
