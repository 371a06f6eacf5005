// Changing a filter: pause, resume, describe, new versions, which version runs, deleting it.
import { Type } from 'typebox'
import { FilterId, sourceBytes, Submission } from '#filters'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import {
  deleted,
  described,
  etagOf,
  paused,
  resumed,
  versionOf,
  withActive,
  withVersion,
} from '../../../submissions/manifest-changes.ts'
import { requireSourceRoom, sourceOf } from '../../../submissions/stored-sources.ts'
import { type App } from '../../requests/typed-app.ts'
import { MAX_SOURCE_BODY_BYTES, ownFilter, requireGoodSource, requireMatch } from './own-filter.ts'
import { Line } from '../../requests/text-formats.ts'
import { answers } from '../../answers/answers.ts'
import { filterView, FilterView, VersionView } from '../../answers/filter-views.ts'

const FilterParams = Type.Object({ id: FilterId })
const VersionNumber = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const VersionParams = Type.Object({ id: FilterId, number: VersionNumber })
const MatchHeaders = Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 400 })) })
const Change = Type.Object(
  {
    state: Type.Optional(
      Type.Union([Type.Literal('active'), Type.Literal('paused')], {
        description: 'paused, or active to resume; resuming also ends a suspension',
      }),
    ),
    description: Type.Optional(Line(500)),
  },
  { additionalProperties: false, minProperties: 1 },
)
const { properties: submitted } = Submission
const NewVersion = Type.Object(
  { language: submitted.language, source: submitted.source },
  { additionalProperties: false },
)

export function filterChangeRoutes(app: App, platform: Platform): void {
  const { controlState, writes, jobs, settings, sourceChecks, runtimes } = platform
  const now = (): string => new Date(platform.nowMs()).toISOString()

  app.route({
    method: 'PATCH',
    url: '/v1/filters/:id',
    config: { scope: 'filters:write' },
    schema: {
      summary: 'Pause, resume or describe a filter',
      tags: ['filters'],
      params: FilterParams,
      headers: MatchHeaders,
      body: Change,
      response: answers({ 200: FilterView }),
    },
    async handler(request, reply) {
      const { state, description } = request.body
      const manifest = await writes.change(async writer => {
        const old = ownFilter(platform, request)
        requireMatch(request, old)
        let next = description === undefined ? old : described(old, description, now())
        if (state === 'paused') next = paused(next, now())
        if (state === 'active') next = resumed(next, now())
        if (next !== old) await writer.manifest(next)
        return next
      })
      reply.header('etag', etagOf(manifest))
      return reply.send(filterView(manifest, controlState.statusOf(manifest.id)))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/filters/:id',
    config: { scope: 'filters:write' },
    schema: {
      summary: 'Delete a filter and its topic',
      tags: ['filters'],
      params: FilterParams,
      headers: MatchHeaders,
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      await writes.change(async writer => {
        const old = ownFilter(platform, request)
        requireMatch(request, old)
        await writer.manifest(deleted(old, now()))
      })
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/filters/:id/versions',
    config: { scope: 'filters:write' },
    bodyLimit: MAX_SOURCE_BODY_BYTES,
    schema: {
      summary: 'Add a version; it runs once it is made active',
      tags: ['filters'],
      params: FilterParams,
      body: NewVersion,
      response: answers({ 200: VersionView, 201: VersionView }),
    },
    async handler(request, reply) {
      const { stream, cutouts, owner: account } = ownFilter(platform, request)
      const { record } = await requireGoodSource(platform, { ...request.body, stream, cutouts, account })
      const bytes = sourceBytes(record)
      await jobs.requireReady()
      const { manifest, version, isNew } = await writes.change(async writer => {
        const old = ownFilter(platform, request)
        const next = withVersion(old, { ...request.body, bytes }, now())
        if (next.manifest.versions.length > settings.versionsPerFilter) {
          const message = `A filter has at most ${settings.versionsPerFilter} versions; submit this one under a new name.`
          throw new ApiError('API_QUOTA_REACHED', message)
        }
        if (next.isNew) requireSourceRoom(controlState.filters(), old.owner, bytes, settings.sourceBytesPerAccount)
        if (next.manifest !== old) await writer.manifest(next.manifest, record)
        return next
      })
      if (manifest.state === 'submitted') await jobs.enqueue(manifest.id)
      const { source: _source, bytes: _bytes, ...view } = version
      reply.code(isNew ? 201 : 200).header('location', `/v1/filters/${manifest.id}/versions/${version.number}`)
      return reply.send(view)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/filters/:id/versions/:number',
    config: { scope: 'filters:read' },
    schema: {
      summary: 'A version with its source',
      tags: ['filters'],
      params: VersionParams,
      response: answers({ 200: Type.Object({ ...VersionView.properties, source: Type.String() }) }),
    },
    handler: async request => {
      const version = versionOf(ownFilter(platform, request), request.params.number)
      const { bytes: _bytes, ...view } = version
      return { ...view, source: await sourceOf(platform.sources, version) }
    },
  })

  app.route({
    method: 'PUT',
    url: '/v1/filters/:id/active',
    config: { scope: 'filters:write' },
    schema: {
      summary: 'Make a version the one that runs, after a trial of it',
      tags: ['filters'],
      params: FilterParams,
      headers: MatchHeaders,
      body: Type.Object({ version: VersionNumber }, { additionalProperties: false }),
      response: answers({ 200: FilterView }),
    },
    async handler(request, reply) {
      const { version } = request.body
      const old = ownFilter(platform, request)
      const { language } = versionOf(old, version)
      requireMatch(request, old)
      if (old.active !== version) await runtimes.require(language)
      const { problems, alerts, passed } =
        old.active === version
          ? { problems: [], ...(old.trial ?? { alerts: 0, passed: 0 }) }
          : await sourceChecks.try(old, version)
      if (problems.length > 0) {
        const message = `Version ${version} failed its trial: ${problems[0]?.message}. Version ${old.active} goes on.`
        throw new ApiError('API_SOURCE_REJECTED', message, {
          problems: problems.map(problem => ({ pointer: '/version', ...problem })),
        })
      }
      const manifest = await writes.change(async writer => {
        const before = ownFilter(platform, request)
        requireMatch(request, before)
        const next = withActive(before, version, { version, alerts, passed }, now())
        if (next !== before) await writer.manifest(next)
        return next
      })
      reply.header('etag', etagOf(manifest))
      return reply.send(filterView(manifest, controlState.statusOf(manifest.id)))
    },
  })
}
