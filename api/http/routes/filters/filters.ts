// Submitting filters and looking at them. What a node does with them comes back through skysieve.status.
import { Type } from 'typebox'
import { FilterId, heldAnnotationsWarning, type Manifest, sourceBytes, Submission } from '#filters'
import { requireScope } from '../../../accounts/caller.ts'
import { isOver } from '../../../accounts/expiry.ts'
import { ApiError } from '../../../errors.ts'
import { refusalText } from '../../../placement/choose-place.ts'
import { choiceFor } from '../../../placement/system.ts'
import { type Platform } from '../../../platform.ts'
import { type Defaults, etagOf, newManifest } from '../../../submissions/manifest-changes.ts'
import { MAX_OVER_CAP_ALERTS, visitReport } from '../../../submissions/visit-report.ts'
import { requireSourceRoom } from '../../../submissions/stored-sources.ts'
import { VisitCounts } from '../../../control/status-records.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type App } from '../../requests/typed-app.ts'
import { freshId, IdempotencyHeaders } from '../../requests/idempotency.ts'
import { MAX_SOURCE_BODY_BYTES, ownFilter, requireGoodSource } from './own-filter.ts'
import { paged, pageOf, PageQuery } from '../../requests/page.ts'
import { asLine, Long } from '../../requests/text-formats.ts'
import { answers } from '../../answers/answers.ts'
import { DiagnosisView, filterView, FilterView } from '../../answers/filter-views.ts'

const { properties: submitted } = Submission
const Check = Type.Object(
  {
    stream: submitted.stream,
    language: submitted.language,
    source: submitted.source,
    cutouts: submitted.cutouts,
    cap: submitted.cap,
    policy: submitted.policy,
  },
  { additionalProperties: false },
)
const FilterParams = Type.Object({ id: FilterId })
const VisitView = Type.Object({
  ...VisitCounts.properties,
  overCapAlerts: Type.Array(
    Type.Object({ alert: Type.String(), source: Type.String({ description: 'topic-partition-offset of the packet' }) }),
    { maxItems: MAX_OVER_CAP_ALERTS },
  ),
})

export function filterRoutes(app: App, platform: Platform): void {
  const { controlState, writes, jobs, settings, sourceChecks, brokers } = platform

  app.route({
    method: 'POST',
    url: '/v1/filters',
    config: { scope: 'filters:write' },
    bodyLimit: MAX_SOURCE_BODY_BYTES,
    schema: {
      summary: 'Submit a filter',
      tags: ['filters'],
      headers: IdempotencyHeaders,
      body: Submission,
      response: answers({ 201: FilterView }),
    },
    async handler(request, reply) {
      const caller = callerOf(request)
      const { body } = request
      const stream = body.stream ?? settings.defaultStream
      if (body.expires !== undefined && body.expires !== 'end-of-night' && isOver(body.expires, platform.nowMs())) {
        const message = `${body.expires} is over already: the filter would never run.`
        throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/expires', message }] })
      }
      const { cutouts = false } = body
      const { description, record, warnings } = await requireGoodSource(platform, {
        ...body,
        stream,
        cutouts,
        account: caller.account,
      })
      const bytes = sourceBytes(record)
      if ((body.cap ?? settings.defaultCap) > settings.maxCap) {
        const message = `The cap can be at most ${settings.maxCap} deliveries a visit here.`
        throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/cap', message }] })
      }
      await jobs.requireReady()
      const id = `f${freshId(platform.box, 'filters', caller.account, request.headers['idempotency-key'])}`
      const manifest = await writes.change(async writer => {
        const repeated = controlState.filter(id)
        if (repeated) return requireSame(repeated, body, { cap: settings.defaultCap, stream })
        requireRoom(platform, caller.account, body.name)
        requireSourceRoom(controlState.filters(), caller.account, bytes, settings.sourceBytesPerAccount)
        const now = new Date(platform.nowMs()).toISOString()
        const fresh = newManifest(
          body,
          { id, owner: caller.account, description: asLine(description), bytes, now },
          { cap: settings.defaultCap, stream },
        )
        const trusted = { ...fresh, trust: caller.isAdmin ? ('system' as const) : ('new' as const) }
        await writer.manifest(trusted, record)
        return trusted
      })
      await jobs.enqueue(manifest.id)
      reply.code(201).header('location', `/v1/filters/${id}`).header('etag', etagOf(manifest))
      const held = heldAnnotationsWarning(manifest, record.names)
      return reply.send({
        ...filterView(manifest, controlState.statusOf(id)),
        warnings: [...warnings, ...(held === undefined ? [] : [held])],
      })
    },
  })

  app.route({
    method: 'POST',
    // Two colons are one in the path.
    url: '/v1/filters::check',
    config: { scope: 'filters:read', readOnly: true },
    bodyLimit: MAX_SOURCE_BODY_BYTES,
    schema: {
      summary: 'Check a source without running it',
      tags: ['filters'],
      body: Check,
      response: answers({ 200: DiagnosisView }),
    },
    handler: async request => {
      const { body } = request
      const { stream = settings.defaultStream, cutouts = false, cap = settings.defaultCap, policy = 'first' } = body
      const { account } = callerOf(request)
      const diagnosis = await sourceChecks.check({ ...body, stream, cutouts, account })
      const { problems, warnings, fields, record, ...rest } = diagnosis
      const held = heldAnnotationsWarning({ cap, policy }, record?.names ?? [])
      return {
        ok: problems.length === 0,
        ...rest,
        description: asLine(rest.description),
        problems: [...problems],
        warnings: [...warnings, ...(held === undefined ? [] : [held])],
        fields: [...fields],
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/filters',
    config: { scope: 'filters:read' },
    schema: {
      summary: 'List your filters',
      tags: ['filters'],
      querystring: Type.Object({
        ...PageQuery.properties,
        all: Type.Boolean({ default: false }),
        name: Type.Optional(Type.String({ maxLength: 80 })),
      }),
      response: answers({ 200: pageOf(FilterView) }),
    },
    handler: async request => {
      const caller = callerOf(request)
      const { all, name } = request.query
      if (all) requireScope(caller, 'admin')
      const mine = controlState
        .filters()
        .filter(
          ({ owner, state, name: other }) =>
            state !== 'deleted' && (all || owner === caller.account) && (name === undefined || name === other),
        )
      const page = paged(mine, ({ id }) => id, request.query)
      return { ...page, items: page.items.map(manifest => filterView(manifest, controlState.statusOf(manifest.id))) }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/filters/:id',
    config: { scope: 'filters:read' },
    schema: {
      summary: 'A filter and what its node reports',
      tags: ['filters'],
      params: FilterParams,
      response: answers({ 200: FilterView }),
    },
    handler: async (request, reply) => {
      const manifest = ownFilter(platform, request)
      const job = manifest.state === 'submitted' ? await jobs.stage(manifest.id) : undefined
      const choice = job === 'placing' ? choiceFor(platform, manifest) : undefined
      const waitsFor = choice?.ok === false ? refusalText(choice.reasons) : undefined
      reply.header('etag', etagOf(manifest))
      return filterView(manifest, controlState.statusOf(manifest.id), job, waitsFor)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/filters/:id/visits/:visit',
    config: { scope: 'filters:read' },
    schema: {
      summary: 'What a filter did with a visit: exact counts, and the first 1,000 alerts over its cap',
      tags: ['filters'],
      params: Type.Object({ id: FilterId, visit: Long }),
      response: answers({ 200: VisitView }),
    },
    handler: async request => {
      const manifest = ownFilter(platform, request)
      const { visit } = request.params
      const report = await visitReport(brokers, { manifest, status: controlState.statusOf(manifest.id), visit })
      if (report) return { ...report, overCapAlerts: [...report.overCapAlerts] }
      throw new ApiError(
        'API_VISIT_UNKNOWN',
        `The filter “${manifest.name}” has reported nothing on visit ${visit}; visits are kept for seven days.`,
      )
    },
  })
}

/** The filter that an Idempotency-Key made before, if this request asks for the very same and it is still there. Throws ApiError API_KEY_REUSED. */
function requireSame(repeated: Manifest, body: Submission, defaults: Defaults): Manifest {
  const { id, owner, description, createdAt } = repeated
  const reused = (what: string): ApiError => {
    const message = `This Idempotency-Key submitted the filter “${repeated.name}” (${id}) before${what}. Use another key.`
    return new ApiError('API_KEY_REUSED', message)
  }
  if (repeated.state === 'deleted') throw reused(', which was deleted since')
  const again = newManifest(body, { id, owner, description, bytes: 0, now: createdAt }, defaults)
  const [asked, made] = [again, repeated].map(asSubmitted)
  const differing = Object.keys({ ...asked, ...made }).filter(key => asked?.[key] !== made?.[key])
  if (differing.length > 0) throw reused(` with another ${differing.join(', ')}`)
  return repeated
}

/** What never changes of a submission, as text. */
function asSubmitted(manifest: Manifest): Record<string, string | undefined> {
  const { name, stream, cap, policy, start, expires, cutouts, labels = {}, versions } = manifest
  const { language, sha256 } = versions[0] ?? {}
  const asked = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const all = { name, stream, cap, policy, start, expires, cutouts, labels: asked, language, source: sha256 }
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, JSON.stringify(value)]))
}

/** @throws ApiError API_NAME_TAKEN or API_QUOTA_REACHED */
function requireRoom({ controlState }: Platform, owner: string, name: string): void {
  const mine = controlState.filters().filter(filter => filter.owner === owner && filter.state !== 'deleted')
  const namesake = mine.find(filter => filter.name === name)
  if (namesake) {
    const message = `You already have a filter “${name}” (${namesake.id}). Send a new version of it to /v1/filters/${namesake.id}/versions, or choose another name.`
    throw new ApiError('API_NAME_TAKEN', message, { problems: [{ pointer: '/name', message: 'taken' }] })
  }
  const limit = controlState.account(owner)?.limits.filters ?? Infinity
  if (mine.length >= limit) {
    throw new ApiError(
      'API_QUOTA_REACHED',
      `Your account may have ${limit} filters and has them; delete one, or ask an administrator.`,
    )
  }
}
