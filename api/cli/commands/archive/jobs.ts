// `skysieve archive jobs`: maintenance of an archive done by the system itself, from wherever its administrator is.
import type { Command } from 'commander'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../connection/api-client.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { table } from '../../output/output.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { sessionOf } from '../../connection/session.ts'

interface Job {
  readonly id: string
  readonly chore: string
  readonly stream: string
  readonly state: string
  readonly progress: { readonly done: number; readonly of?: number } | null
  readonly result: object | null
  readonly reason: string | null
  readonly createdAt: string
}

const PATH = '/v1/archive/jobs'
const LOOK_EVERY_MS = 1000
const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`

const progressText = ({ progress }: Job): string =>
  progress === null ? '' : `${progress.done}${progress.of === undefined ? '' : ` of ${progress.of}`}`
const text = (job: Job): string =>
  [
    `${job.chore} of ${job.stream}: ${job.state} ${progressText(job)}`.trimEnd(),
    ...(job.reason === null ? [] : [job.reason]),
    ...(job.result === null ? [] : [JSON.stringify(job.result, null, 2)]),
  ].join('\n')

/** The job when it has ended; says how far it is whenever that changes. */
async function ended(client: Client, begun: Job, say: (text: string) => void): Promise<Job> {
  let job = begun
  let said = ''
  while (job.state === 'waiting' || job.state === 'active') {
    if (progressText(job) !== said) say((said = progressText(job)))
    await sleep(LOOK_EVERY_MS)
    job = await client.call<Job>('GET', pathOf(job.id))
  }
  return job
}

export const addJobs: AddCommands = (archive, context) => {
  const jobs = archive.command('jobs').description('the same as jobs of the system (administrators)')

  jobs
    .command('list')
    .description('the last jobs, newest first')
    .action(async (_options: object, command: Command) => {
      const { out, api } = sessionOf(command, context)
      const found = await api().list<Job>(PATH)
      out.result(found, () =>
        table(
          ['job', 'chore', 'stream', 'state', 'progress', 'made'],
          found.map(job => [job.id, job.chore, job.stream, job.state, progressText(job), job.createdAt]),
          'No jobs yet: skysieve archive jobs begin verify',
        ),
      )
    })

  jobs
    .command('begin <chore>')
    .description('begin verify, fill or reindex; one that waits or runs already is shown')
    .option('--stream <name>', 'a survey’s stream')
    .option('--wait', 'until it has ended')
    .action(async (chore: string, options: { readonly stream?: string; readonly wait?: boolean }, command: Command) => {
      const { out, api } = sessionOf(command, context)
      const { stream, wait } = options
      const begun = await api().call<Job>('POST', PATH, { chore, ...(stream === undefined ? {} : { stream }) })
      const job = wait ? await ended(api(), begun, line => out.progress(line)) : begun
      out.result(job, () => text(job))
      if (job.state === 'failed') throw new CliError('CLI_JOB_FAILED', EXIT.ourFault, job.reason ?? 'The job failed.')
    })

  jobs
    .command('show <job>')
    .description('how far a job is, or what it found')
    .action(async (id: string, _options: object, command: Command) => {
      const { out, api } = sessionOf(command, context)
      const job = await api().call<Job>('GET', pathOf(id))
      out.result(job, () => text(job))
    })

  jobs
    .command('end <job>')
    .description('end a job where it stands; what it did stays')
    .action(async (id: string, _options: object, command: Command) => {
      const { out, api } = sessionOf(command, context)
      const job = await api().call<Job>('DELETE', pathOf(id))
      out.result(job, () => `${job.chore} of ${job.stream} ends.`)
    })
}
