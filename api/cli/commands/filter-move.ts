// `skysieve filter move`: to another mirror, without losing or doubling an alert.
import type { FilterView } from '../../http/views.ts'
import { findFilter } from '../find-filter.ts'
import type { AddCommands } from '../run.ts'
import { sessionOf } from '../session.ts'
import { filterGroup } from './filter.ts'

export const addFilterMove: AddCommands = (program, around) => {
  filterGroup(program)
    .command('move <filter> <mirror>')
    .description('move a filter to another mirror (administrators)')
    .action(async (filter: string, mirror: string, _options, command) => {
      const { out, api } = sessionOf(command, around)
      const client = api()
      const { id } = await findFilter(client, filter)
      const view = await client.call<FilterView>('POST', `/v1/filters/${id}/move`, { mirror })
      const from = view.placement?.mirror ?? 'its mirror'
      out.result(
        view,
        () =>
          `${view.name} moves to ${mirror}: ${from} finishes the visits it has begun, ${mirror} takes all others. Topic: ${view.topic}`,
      )
    })
}
