// What several filter routes ask first: is it the caller's, is its source good, is it still what the caller read.
import { type FastifyRequest } from 'fastify'
import { type Manifest, type SourceRecord } from '#filters'
import { mayTouch } from '../../../accounts/caller.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { etagOf } from '../../../submissions/manifest-changes.ts'
import { callerOf } from '../../hooks/authenticate.ts'
import { type AuthoredSource, type Diagnosis } from '../../../authoring/source-checks.ts'

/** The filter of the path's `id`, as it is now. Throws ApiError API_FILTER_UNKNOWN, also for somebody else's. */
export function ownFilter({ controlState }: Platform, request: FastifyRequest): Manifest {
  const { id } = request.params as { id: string }
  const manifest = controlState.filter(id)
  if (manifest && manifest.state !== 'deleted' && mayTouch(callerOf(request), manifest.owner)) return manifest
  throw new ApiError('API_FILTER_UNKNOWN', `There is no filter ${id} among yours. GET /v1/filters lists them.`)
}

/** @throws ApiError API_PRECONDITION when the request's If-Match names another state of it. */
export function requireMatch(request: FastifyRequest, manifest: Manifest): void {
  const wanted = request.headers['if-match']
  if (wanted === undefined || wanted === '*') return
  if (wanted.split(',').some(tag => tag.trim() === etagOf(manifest))) return
  const message = `The filter “${manifest.name}” has changed since you read it. Read it again and send its new ETag as If-Match.`
  throw new ApiError('API_PRECONDITION', message)
}

/** Bodies that carry a source: the longest, each of its characters escaped or of several bytes, and the rest of a submission. */
export const MAX_SOURCE_BODY_BYTES = 2 * 1024 * 1024

/** @throws ApiError API_STREAM_UNKNOWN, API_RUNTIME_MISSING, API_ENGINE_AWAY or API_SOURCE_REJECTED with positions. */
export async function requireGoodSource(
  { sourceChecks, runtimes }: Platform,
  source: AuthoredSource,
): Promise<Diagnosis & { readonly record: SourceRecord }> {
  const { language, stream } = source
  if (!sourceChecks.streams.includes(stream)) {
    const message = `There is no stream “${stream}” here; there are ${sourceChecks.streams.join(', ')}.`
    throw new ApiError('API_STREAM_UNKNOWN', message, { problems: [{ pointer: '/stream', message }] })
  }
  await runtimes.require(language)
  const diagnosis = await sourceChecks.check(source)
  const { record, problems } = diagnosis
  if (record !== undefined) return { ...diagnosis, record }
  const [first] = problems
  const place = first?.line === undefined ? '' : ` (line ${first.line}, column ${first.column ?? 1})`
  throw new ApiError('API_SOURCE_REJECTED', `${first?.message ?? 'The source has problems'}${place}.`, {
    problems: problems.map(problem => ({ pointer: '/source', ...problem })),
  })
}
