// `skysieve node cordon|uncordon|remove`: what an administrator does with a node that is there.
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { nodeState } from './node-text.ts'

const path = (name: string, verb = ''): string => `/v1/nodes/${encodeURIComponent(name)}${verb}`

export const addChange: AddCommands = (node, context) => {
  const change = (verb: 'cordon' | 'uncordon', about: string, told: (view: NodeView) => string): void => {
    node
      .command(`${verb} <name>`)
      .description(about)
      .action(async (name: string, _options, command) => {
        const { out, api } = sessionOf(command, context)
        const view = await api().call<NodeView>('POST', path(name, `/${verb}`))
        out.result(view, () => told(view))
      })
  }
  change(
    'cordon',
    'place no new filters on a node; those it has stay',
    ({ mirror, placed }) => `${mirror} gets no new filters; it keeps the ${placed} it has.`,
  )
  change(
    'uncordon',
    'place filters on a node again',
    view => `${view.mirror} takes filters again (${nodeState(view)}).`,
  )

  node
    .command('remove <name>')
    .description('remove a node that has no filters: its users on the hub, its record and its reports')
    .option('--force', 'it never comes back: its filters go on elsewhere by what it last reported')
    .action(async (name: string, { force = false }: { readonly force?: boolean }, command) => {
      const { out, api } = sessionOf(command, context)
      await api().call('DELETE', `${path(name)}${force ? '?force=true' : ''}`)
      out.result(
        { name, removed: true },
        () => `${name} is removed. What still runs on its machine is let in nowhere: stop it.`,
      )
    })
}
