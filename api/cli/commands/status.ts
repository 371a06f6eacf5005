// `skysieve status`: nodes, their lag, and your filters, at a glance.
import type { FilterView } from '../../http/views.ts'
import type { AddCommands } from '../add-commands.ts'
import { table } from '../output.ts'
import { sessionOf } from '../session.ts'

interface Node {
  readonly mirror: string
  readonly shards: number
  readonly filters: number
  readonly lagAlerts: number
  readonly silent: boolean
  readonly silentShards: readonly number[]
  readonly bootstrap: string | null
  readonly updatedAt: string
}

export const addStatus: AddCommands = (program, around) => {
  program
    .command('status')
    .description('nodes, their lag, and your filters')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, around)
      const client = api()
      const { items: nodes } = await client.call<{ items: Node[] }>('GET', '/v1/nodes')
      const filters = await client.list<FilterView>('/v1/filters')
      const limits = await client.call('GET', '/v1/limits')
      out.result({ url: client.url, nodes, filters, limits }, () =>
        [
          table(
            ['node', 'state', 'shards', 'filters', 'lag (alerts)', 'reported'],
            nodes.map(node => [
              node.mirror,
              stateOf(node),
              String(node.shards),
              String(node.filters),
              String(node.lagAlerts),
              node.updatedAt,
            ]),
            'No node has reported yet.',
          ),
          '',
          table(
            ['filter', 'stage', 'last visit', 'passed', 'delivered', 'over cap', 'errors'],
            filters.map(({ name, stage, status }) => {
              const last = status?.visits.at(-1)
              return [
                name,
                stage,
                ...(last ? [last.visit, last.passed, last.delivered, last.overCap, last.errors] : []).map(String),
              ]
            }),
            'No filters yet: skysieve filter init my-filter.js',
          ),
        ].join('\n'),
      )
    })
}

const stateOf = ({ silent, silentShards }: Node): string => {
  if (silent) return 'silent'
  return silentShards.length === 0 ? 'up' : `shard ${silentShards.join(', ')} silent`
}
