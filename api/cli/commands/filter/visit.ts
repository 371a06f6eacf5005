// `skysieve filter visit`: what a filter did with one visit, and what was over its cap.
import type { VisitReport } from '../../../submissions/visit-report.ts'
import { findFilter } from './find-filter.ts'
import { table } from '../../output/output.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { sessionOf } from '../../connection/session.ts'

export const addVisit: AddCommands = (filter, context) => {
  filter
    .command('visit <filter> <visit>')
    .description('what a filter did with a visit: counts, and the alerts over its cap (kept for 7 days)')
    .action(async (filter: string, visit: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { id } = await findFilter(client, filter)
      const report = await client.call<VisitReport>('GET', `/v1/filters/${id}/visits/${encodeURIComponent(visit)}`)
      out.result(report, () => pretty(report))
    })
}

const pretty = ({ visit, seen, passed, delivered, overCap, errors, overCapAlerts }: VisitReport): string =>
  [
    `visit ${visit}: ${seen} seen, ${passed} passed, ${delivered} delivered, ${overCap} over the cap, ${errors} errors`,
    ...(overCapAlerts.length === 0
      ? []
      : [
          '',
          table(
            ['over the cap', 'packet'],
            overCapAlerts.map(({ alert, source }) => [alert, source]),
            '',
          ),
        ]),
  ].join('\n')
