// Maintenance jobs of the archive (called chores over HTTP), for administrators: begun here, done by the leading instance, looked at while they run.
import { Type } from 'typebox'
import { MAINTENANCE_KINDS, MaintenanceKind } from '../../../archive/maintenance.ts'
import { ApiError } from '../../../errors.ts'
import { type ArchiveJob, JOB_STATES } from '../../../jobs/archive-maintenance-queue.ts'
import { type Platform } from '../../../platform.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { requireArchive } from './archive-access.ts'
import { AnyJson } from '../../answers/media-types.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { answers } from '../../answers/answers.ts'

const Time = Type.String({ format: 'date-time' })
const orNull = <T extends typeof Time | typeof AnyJson>(type: T) => Type.Union([type, Type.Null()])

const JobView = Type.Object({
  id: Type.String(),
  chore: MaintenanceKind,
  stream: Type.String(),
  by: Type.String(),
  state: Type.Enum([...JOB_STATES]),
  progress: Type.Union([Type.Object({ done: Type.Number(), of: Type.Optional(Type.Number()) }), Type.Null()]),
  result: orNull(AnyJson),
  reason: Type.Union([Type.String(), Type.Null()]),
  createdAt: Time,
  startedAt: orNull(Time),
  endedAt: orNull(Time),
})
const NewJob = Type.Object(
  {
    chore: Type.Enum([...MAINTENANCE_KINDS], {
      description: 'verify compares with the topic; fill fills its holes from it; reindex builds the search index anew',
    }),
    stream: Type.Optional(Type.String({ maxLength: 32 })),
  },
  { additionalProperties: false },
)
const JobParams = Type.Object({ job: Type.String({ maxLength: 100 }) })

const jobView = ({ progress, result, reason, createdAt, startedAt, endedAt, ...job }: ArchiveJob) => ({
  ...job,
  progress: progress ?? null,
  result: (result as Record<string, unknown> | undefined) ?? null,
  reason: reason ?? null,
  createdAt: createdAt.toISOString(),
  startedAt: startedAt?.toISOString() ?? null,
  endedAt: endedAt?.toISOString() ?? null,
})

const unknown = (id: string): ApiError =>
  new ApiError('API_ARCHIVE_JOB_UNKNOWN', `There is no archive job ${id}. GET /v1/archive/jobs lists the last ones.`)

export function archiveJobRoutes(app: App, platform: Platform): void {
  const { archiveJobs, settings } = platform

  app.route({
    method: 'POST',
    url: '/v1/archive/jobs',
    config: { scope: 'admin' },
    schema: {
      summary: 'Begin a chore of the archive; one that waits or runs already is answered instead',
      tags: ['archive'],
      body: NewJob,
      response: answers({ 202: JobView }),
    },
    async handler(request, reply) {
      const { chore, stream = settings.defaultStream } = request.body
      requireArchive(platform, stream)
      const job = await archiveJobs.add({ chore, stream, by: callerOf(request).account })
      return reply.code(202).header('location', `/v1/archive/jobs/${job.id}`).send(jobView(job))
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/archive/jobs',
    config: { scope: 'admin' },
    schema: {
      summary: 'Chores of the archive, newest first',
      tags: ['archive'],
      querystring: PageQuery,
      response: answers({ 200: pageOf(JobView) }),
    },
    handler: async ({ query }) => {
      const page = paged(await archiveJobs.list(), ({ id }) => id, query)
      return { ...page, items: page.items.map(jobView) }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/archive/jobs/:job',
    config: { scope: 'admin' },
    schema: {
      summary: 'A chore: how far it is, or what it found',
      tags: ['archive'],
      params: JobParams,
      response: answers({ 200: JobView }),
    },
    handler: async ({ params }) => {
      const job = await archiveJobs.get(params.job)
      if (job === undefined) throw unknown(params.job)
      return jobView(job)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/archive/jobs/:job',
    config: { scope: 'admin' },
    schema: {
      summary: 'End a chore where it stands; what it did stays',
      tags: ['archive'],
      params: JobParams,
      response: answers({ 202: JobView }),
    },
    async handler({ params }, reply) {
      const job = await archiveJobs.cancel(params.job)
      if (job === undefined) throw unknown(params.job)
      return reply.code(202).send(jobView(job))
    },
  })
}
