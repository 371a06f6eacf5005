// `skysieve status`: nodes, upstreams, their lag, and your filters, at a glance.
import type { AddCommands } from '../context/add-commands.ts'
import { localSystem } from '../local-system/local-system.ts'
import { failedChecks } from '../local-system/process-checks.ts'
import { table } from '../output/output.ts'
import { sessionOf } from '../connection/session.ts'
import { gapText as upstreamGapText, stateText, type UpstreamView, upstreamRows } from './upstream/upstream-texts.ts'
import type { FilterView } from '../../http/answers/filter-views.ts'
import type { NodeView } from '../../nodes/node-view.ts'
import { nodeState } from './node/node-text.ts'

type Gap = NodeView['gaps'][number]

export const addStatus: AddCommands = (program, context) => {
  program
    .command('status')
    .description('nodes, upstreams, their lag, your filters, and what a system here waits for')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { items: nodes } = await client.call<{ items: NodeView[] }>('GET', '/v1/nodes')
      const { items: upstreams } = await client.call<{ items: UpstreamView[] }>('GET', '/v1/upstreams')
      const filters = await client.list<FilterView>('/v1/filters')
      const limits = await client.call('GET', '/v1/limits')
      // Processes are asked where they run: on this machine, by who started them.
      const isHere = localSystem(context.directory)?.url === client.url
      const waits = isHere ? await failedChecks(context.directory) : []
      out.result({ url: client.url, nodes, upstreams, filters, limits, waits }, () =>
        [
          table(
            ['node', 'state', 'shards', 'filters', 'lag (alerts)', 'reported'],
            nodes.map(node => [
              node.mirror,
              nodeState(node),
              String(node.shards),
              String(node.filters),
              String(node.lagAlerts),
              node.updatedAt ?? '',
            ]),
            'No node has reported yet.',
          ),
          ...nodes.flatMap(node => node.gaps.map(gap => gapText(node.mirror, gap))),
          ...(upstreams.length === 0 ? [] : ['', upstreamRows(upstreams, '')]),
          ...upstreams.flatMap(one => [
            ...(one.silent || one.reason !== undefined ? [`${one.upstream}: ${stateText(one)}`] : []),
            ...one.gaps.map(gap => upstreamGapText(one, gap)),
          ]),
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
          ...filters.flatMap(({ name, status }) => {
            const why = status?.waitsFor ?? status?.reason
            return why === undefined ? [] : ['', `${name}: ${why}`]
          }),
          ...filters.flatMap(({ name, gaps = [] }) => gaps.flatMap(({ message }) => ['', `${name}: ${message}`])),
          ...waits.flatMap(({ process, reason }) => ['', `${process} waits: ${reason}`]),
        ].join('\n'),
      )
    })
}

/** What is lost for a node's filters is said as long as its status has it. */
const gapText = (node: string, { lane, topic, partition, from, to, at, since, until }: Gap): string => {
  const count = BigInt(to) > BigInt(from) ? `${BigInt(to) - BigInt(from)} offsets` : 'an unknown number'
  const sent = since === undefined && until === undefined ? '' : `, sent between ${since ?? '?'} and ${until ?? '?'}`
  const why = lane === 'mirror' ? 'had left the hub before they were copied' : 'were gone before they were evaluated'
  return `${node}: ${count} of ${topic}, partition ${partition} from ${from} on, ${why} (${at}${sent})`
}
