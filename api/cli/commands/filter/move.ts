// `skysieve filter move`: to another mirror, without losing or doubling an alert.
import { findFilter } from './find-filter.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { sessionOf } from '../../connection/session.ts'
import type { FilterView } from '../../../http/answers/filter-views.ts'

export const addMove: AddCommands = (filter, context) => {
  filter
    .command('move <filter> <mirror>')
    .description('move a filter to another mirror (administrators)')
    .option('--force', 'its mirror is lost for good: do not wait for it')
    .action(async (filter: string, mirror: string, { force = false }: { readonly force?: boolean }, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { id } = await findFilter(client, filter)
      const view = await client.call<FilterView>('POST', `/v1/filters/${id}/move`, {
        mirror,
        ...(force ? { force } : {}),
      })
      const from = view.placement?.mirror ?? 'its mirror'
      out.result(view, () =>
        force
          ? `${view.name} runs on ${mirror} now. Given up: what its lost mirror had not delivered of the visits it had reported, and older alerts. What it delivered after its last report may come again. Topic: ${view.topic}`
          : `${view.name} moves to ${mirror}: ${from} finishes the visits it has begun, ${mirror} takes all others. Topic: ${view.topic}`,
      )
    })
}
