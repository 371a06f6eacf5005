// Sources of filters as the API keeps them: written with the manifest that names them, counted by account, and deleted when no manifest does.
import { type Manifest, sourceKey, type SourceRecord, type Sources, type Version } from '#filters'
import { ApiError } from '../errors.ts'

/** Keys of all sources that manifests name. What a deleted filter ran nobody needs any more. */
export const namedSources = (manifests: readonly Manifest[]): Set<string> =>
  new Set(
    manifests.flatMap(({ state, versions }) =>
      state === 'deleted' ? [] : versions.filter(({ source }) => source === undefined).map(sourceKey),
    ),
  )

/** What the sources of an account take: each once, however many of its filters have it. */
export function sourceBytesOf(manifests: readonly Manifest[], account: string): number {
  const bytes = new Map<string, number>()
  for (const { owner, state, versions } of manifests) {
    if (owner !== account || state === 'deleted') continue
    for (const version of versions)
      bytes.set(sourceKey(version), version.bytes ?? Buffer.byteLength(JSON.stringify(version.source ?? '')))
  }
  return [...bytes.values()].reduce((sum, one) => sum + one, 0)
}

/** @throws ApiError API_SOURCES_FULL when an account would have more than `limit` bytes of sources with one of that size. */
export function requireSourceRoom(manifests: readonly Manifest[], account: string, bytes: number, limit: number): void {
  const used = sourceBytesOf(manifests, account)
  if (used + bytes <= limit) return
  const message = `The sources of your filters, all versions counted, take ${used} bytes, this one ${bytes}, and an account may have ${limit}. Delete a filter that you do not need any more; GET /v1/limits tells what you use.`
  throw new ApiError('API_SOURCES_FULL', message, { problems: [{ pointer: '/source', message }] })
}

/** A version's source. Throws ApiError API_VERSION_UNKNOWN where it is gone, which a manifest that names it does not allow. */
export async function sourceOf(sources: Pick<Sources, 'get'>, version: Version): Promise<string> {
  const text = version.source ?? (await recordOf(sources, version))?.source
  if (text !== undefined) return text
  throw new ApiError('API_VERSION_UNKNOWN', `The source of version ${version.number} cannot be read.`)
}

/** The record of a version's source; undefined for manifests of former versions of this software, which have the text itself. */
export const recordOf = async (sources: Pick<Sources, 'get'>, version: Version): Promise<SourceRecord | undefined> =>
  version.source === undefined ? sources.get(sourceKey(version)) : undefined
