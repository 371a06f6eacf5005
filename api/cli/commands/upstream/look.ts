// `skysieve upstream list` and `show`: how the surveys' streams come in.
import type { AddCommands } from '../../context/add-commands.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { table } from '../../output/output.ts'
import { sessionOf } from '../../connection/session.ts'
import { gapText, stateText, type UpstreamView, upstreamRows } from './upstream-texts.ts'

export const addLook: AddCommands = (upstream, context) => {
  upstream
    .command('list')
    .description('all of them, with their lag')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const { items } = await api().call<{ items: UpstreamView[] }>('GET', '/v1/upstreams')
      out.result(items, () => upstreamRows(items, 'No upstreams yet: skysieve upstream add NAME'))
    })

  upstream
    .command('show <name>')
    .description('one of them: what came, what was lost, why it waits')
    .action(async (name: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const { items } = await api().call<{ items: UpstreamView[] }>('GET', '/v1/upstreams')
      const one = items.find(({ upstream }) => upstream === name)
      if (one === undefined)
        throw new CliError(
          'CLI_UPSTREAM_UNKNOWN',
          EXIT.usage,
          `No upstream ${name} has reported. One that was just added reports within seconds of the system's start: skysieve upstream list`,
        )
      out.result(one, () => details(one))
    })
}

const details = (one: UpstreamView): string =>
  [
    table(
      ['upstream', one.upstream],
      [
        ['state', stateText(one)],
        ['survey', `${one.topic} of ${one.bootstrap}`],
        ['registry', one.registry ?? 'the hub’s own'],
        ['format', one.format],
        ['stream', one.stream],
        ['lag', one.lag === null ? 'not known' : `${one.lag.alerts} records, ${one.lag.seconds.toFixed(1)} s`],
        ['packets', `${one.packets} (${one.bytes} bytes)`],
        ['newest packet', one.newestPacket ?? 'none'],
        ['dead letters', String(one.deadLetters)],
        ['schemas', one.schemas.join(', ')],
        ['reported', one.updatedAt],
      ],
      '',
    ),
    ...one.gaps.map(gap => gapText(one, gap)),
  ].join('\n')
