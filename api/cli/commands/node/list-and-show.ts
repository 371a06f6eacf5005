// `skysieve node list|show`: what each node shall be, and what it reports.
import type { NodeView } from '../../../nodes/node-view.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { table } from '../../output/output.ts'

const GB = 1e9

/** What is heard of it, in a word or two: first what keeps filters away. */
function heard({ reached, silent, silentShards, updatedAt }: NodeView): string {
  if (reached === false) return 'not reached'
  if (updatedAt === null) return 'not heard of'
  if (silent) return 'silent'
  return silentShards.length === 0 ? 'up' : `shard ${silentShards.join(', ')} silent`
}

/** What is wanted of it, where that is not that it runs, and what is heard of it. */
export function nodeState(view: NodeView): string {
  const { state } = view
  if (state === 'expected' || state === 'removing') return state
  return state === null || state === 'active' ? heard(view) : `${state}, ${heard(view)}`
}

const labelsText = (labels: NodeView['labels']): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

const limitText = ({ placed, limits }: NodeView): string =>
  limits.filters === undefined ? String(placed) : `${placed} of ${limits.filters}`

/** Lines of what is known, without those of which nothing is. */
export function nodeText(node: NodeView): string {
  const { machine, gaps, why, tokenExpiresAt, joinedAt, updatedAt, bootstrap } = node
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['node', node.mirror],
    ['state', nodeState(node)],
    ['why', why],
    ['can join until', tokenExpiresAt],
    ['joined', joinedAt],
    ['reported', updatedAt ?? undefined],
    ['address', bootstrap ?? undefined],
    ['filters', `${limitText(node)} placed, ${node.filters} running`],
    ['shards', String(node.shards)],
    ['lag (alerts)', String(node.lagAlerts)],
    ['gaps', gaps.length === 0 ? undefined : `${gaps.length}: skysieve status`],
    ['labels', labelsText(node.labels) || undefined],
    [
      'machine',
      machine && `${machine.hostname}, ${machine.cores} cores, ${(machine.memoryBytes / GB).toFixed(0)} GB of memory`,
    ],
    ['disk', machine && `${(machine.diskBytes / GB).toFixed(0)} GB`],
    ['versions', machine && `Skysieve ${machine.version}, Kafka ${machine.kafkaVersion}`],
    ['languages', machine?.languages.join(', ')],
  ]
  return rows.flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(15)} ${text}`)).join('\n')
}

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
