// `skysieve node list|show`: what each node shall be, and what it reports.
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { table } from '../../output/output.ts'
import { labelsText, limitText, nodeState, nodeText } from './node-text.ts'

export const addListAndShow: AddCommands = (node, context) => {
  node
    .command('list')
    .description('all nodes: those that are expected, that run, and that are silent')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const { items } = await api().call<{ items: NodeView[] }>('GET', '/v1/nodes')
      out.result(items, () =>
        [
          table(
            ['node', 'state', 'filters', 'shards', 'lag (alerts)', 'address', 'labels', 'reported'],
            items.map(one => [
              one.mirror,
              nodeState(one),
              limitText(one),
              String(one.shards),
              String(one.lagAlerts),
              one.bootstrap ?? '',
              labelsText(one.labels),
              one.updatedAt ?? '',
            ]),
            'No nodes yet: skysieve node add',
          ),
          ...items.flatMap(({ mirror, why }) => (why === undefined ? [] : ['', `${mirror} is not reached: ${why}`])),
        ].join('\n'),
      )
    })

  node
    .command('show <name>')
    .description('a node: its machine, its address, its filters, and why it is not reached')
    .action(async (name: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const view = await api().call<NodeView>('GET', `/v1/nodes/${encodeURIComponent(name)}`)
      out.result(view, () => nodeText(view))
    })
}
