// `skysieve filter list|show|pause|resume|delete`: filters that are there.
import type { FilterView } from '../../../http/answers/filter-views.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { table } from '../../output/output.ts'
import { findFilter } from './find-filter.ts'

export const addManage: AddCommands = (filter, context) => {
  filter
    .command('list')
    .description('your filters')
    .option('--all', 'those of everybody (administrators)')
    .action(async ({ all }: { all?: boolean }, command) => {
      const { out, api } = sessionOf(command, context)
      const filters = await api().list<FilterView>(`/v1/filters${all ? '?all=true' : ''}`)
      out.result(filters, () =>
        table(
          ['id', 'name', 'stage', 'version', 'mirror', 'stream'],
          filters.map(({ id, name, stage, active, placement, stream }) => [
            id,
            name,
            stage,
            String(active),
            placement?.mirror ?? '',
            stream,
          ]),
          'No filters yet: skysieve filter init my-filter.js',
        ),
      )
    })

  filter
    .command('show <filter>')
    .description('a filter by name or id')
    .action(async (filter: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const view = await findFilter(api(), filter)
      out.result(view, () => JSON.stringify(view, null, 2))
    })

  const change = (verb: 'pause' | 'resume', state: 'paused' | 'active', what: string): void => {
    filter
      .command(`${verb} <filter>`)
      .description(what)
      .action(async (filter: string, _options, command) => {
        const { out, api } = sessionOf(command, context)
        const client = api()
        const { id } = await findFilter(client, filter)
        const view = await client.call<FilterView>('PATCH', `/v1/filters/${id}`, { state })
        out.result(view, () => `${view.name} is ${view.stage}.`)
      })
  }
  change('pause', 'paused', 'stop a filter; its topic stays')
  change('resume', 'active', 'let a paused or suspended filter go on')

  filter
    .command('delete <filter>')
    .description('delete a filter and its topic')
    .action(async (filter: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { id, name } = await findFilter(client, filter)
      await client.call('DELETE', `/v1/filters/${id}`)
      out.result({ id, name, deleted: true }, () => `${name} is deleted.`)
    })
}
