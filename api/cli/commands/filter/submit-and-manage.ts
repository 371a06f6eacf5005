// `skysieve filter`, the part that needs an account: submit, list, show, pause, resume, delete.
import { basename, extname } from 'node:path'
import type { Command } from 'commander'
import type { FilterView } from '../../../http/answers/views.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { findFilter } from './find-filter.ts'
import { table } from '../../output/output.ts'
import { sessionOf } from '../../connection/session.ts'
import { readSource } from './source-file.ts'
import { waitUntilLive } from './wait-until-live.ts'

interface SubmitOptions {
  readonly name?: string
  readonly stream?: string
  readonly cap?: number
  readonly policy?: string
  readonly cutouts?: boolean
  readonly expires?: string
  readonly wait?: boolean
  readonly replace?: boolean
  readonly timeout: number
}

const WAIT_S = 120

/** How the trial of the version that runs went, as a sentence. */
function trialText({ trial, active }: FilterView): string {
  if (trial?.version !== active) return ''
  if (trial.alerts === 0) return ' It is not tried: there is no sample of its stream.'
  return ` In its trial ${trial.passed} of ${trial.alerts} alerts passed.`
}

/** The group of verbs, made by whichever part comes first. */
export const filterGroup = (program: Command): Command =>
  program.commands.find(command => command.name() === 'filter') ?? program.command('filter').description('your filters')

export const addFilter: AddCommands = (program, context) => {
  const filter = filterGroup(program)

  filter
    .command('submit <file>')
    .description('submit a filter, or with --replace a new version of it')
    .option('--name <name>', 'its name; the file’s name by default')
    .option('--stream <stream>', 'the stream it reads')
    .option('--cap <n>', 'deliveries per visit at most', Number)
    .option('--policy <policy>', 'first or best')
    .option('--cutouts', 'give it cutouts')
    .option('--expires <time>', 'when it stops: an ISO time, or end-of-night')
    .option('--replace', 'make it a new version if you have a filter of that name')
    .option('--wait', 'wait until it is live')
    .option('--timeout <s>', 'seconds to wait', Number, WAIT_S)
    .action(async (file: string, options: SubmitOptions, command) => {
      const { out, api, context: here } = sessionOf(command, context)
      const client = api()
      const { source, language } = await readSource(here.directory, file)
      const name = options.name ?? basename(file, extname(file))
      const mine = options.replace ? await client.list<FilterView>(`/v1/filters?name=${encodeURIComponent(name)}`) : []
      let view: FilterView
      const [existing] = mine
      if (existing) {
        const version = await client.call<{ number: number }>('POST', `/v1/filters/${existing.id}/versions`, {
          language,
          source,
        })
        out.progress(`version ${version.number} of ${name} is accepted; trying it`)
        const isTried = existing.state === 'rejected'
        view = isTried
          ? await client.call('GET', `/v1/filters/${existing.id}`)
          : await client.call('PUT', `/v1/filters/${existing.id}/active`, { version: version.number })
      } else {
        const { stream, cap, policy, cutouts, expires } = options
        view = await client.call('POST', '/v1/filters', {
          name,
          language,
          source,
          stream,
          cap,
          policy,
          cutouts,
          expires,
        })
        out.progress(`${name} is submitted as ${view.id}`)
      }
      if (options.wait) view = await waitUntilLive(client, view, out, options.timeout, here.signal)
      out.result(view, () => `${view.name} ${view.id} is ${view.stage}.${trialText(view)} Its topic: ${view.topic}`)
    })

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
