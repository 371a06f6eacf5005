// `skysieve filter submit`: a source becomes a filter, or a new version of one.
import { basename, extname } from 'node:path'
import type { FilterView } from '../../../http/answers/filter-views.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { LABELS_OPTION, labelsIn } from './labels.ts'
import { readSource } from './source-file.ts'
import { waitUntilLive } from './wait-until-live.ts'

interface SubmitOptions {
  readonly name?: string
  readonly stream?: string
  readonly cap?: number
  readonly policy?: string
  readonly cutouts?: boolean
  readonly expires?: string
  readonly labels?: string
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

export const addSubmit: AddCommands = (filter, context) => {
  filter
    .command('submit <file>')
    .description('submit a filter, or with --replace a new version of it')
    .option('--name <name>', 'its name; the file’s name by default')
    .option('--stream <stream>', 'the stream it reads')
    .option('--cap <n>', 'deliveries per visit at most', Number)
    .option('--policy <policy>', 'first or best')
    .option('--cutouts', 'give it cutouts')
    .option('--expires <time>', 'when it stops: an ISO time, or end-of-night')
    .option(LABELS_OPTION, 'what its node has to have')
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
        const labels = options.labels === undefined ? undefined : labelsIn(options.labels)
        view = await client.call('POST', '/v1/filters', {
          name,
          language,
          source,
          stream,
          cap,
          policy,
          cutouts,
          expires,
          labels,
        })
        out.progress(`${name} is submitted as ${view.id}`)
        for (const { line, column, message } of view.warnings ?? [])
          out.progress(`warning ${line ?? 1}:${column ?? 1} ${message}`)
      }
      if (options.wait) view = await waitUntilLive(client, view, out, options.timeout, here.signal)
      out.result(view, () => `${view.name} ${view.id} is ${view.stage}.${trialText(view)} Its topic: ${view.topic}`)
    })
}
