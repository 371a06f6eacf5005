// What all routes of the archive share: which archive is meant, what its failures become, tags and caching.
import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { HubError, longOf } from '#hub'
import { type StreamArchive } from '../../../archive/archives.ts'
import { matches } from '../../answers/entity-tag.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'

/** Rubin's form, which means the default stream, and the form that names one. */
export const FORMS = [
  { prefix: '/v1', params: {} },
  {
    prefix: '/v1/streams/:stream',
    params: { stream: Type.String({ maxLength: 32, description: 'a survey’s stream: lsst, ztf' }) },
  },
] as const

/** Any text: what is no id is no alert's id, and that is 404 as in Rubin's server. */
export const AlertId = Type.String({ maxLength: 300, description: 'decimal id of the alert' })

export const ConditionHeaders = Type.Object({
  accept: Type.Optional(Type.String({ maxLength: 1000 })),
  'if-none-match': Type.Optional(Type.String({ maxLength: 1000 })),
})

export const unknownAlert = (id: string): ApiError =>
  new ApiError(
    'API_ALERT_UNKNOWN',
    `The archive has no alert ${id.slice(0, 40)}. A new one is there some seconds after it was published.`,
  )

/** The archive of the request's stream. Throws ApiError API_ARCHIVE_UNKNOWN or API_ARCHIVE_MISSING. */
export const archiveOf = (platform: Platform, request: FastifyRequest): StreamArchive =>
  requireArchive(platform, (request.params as { stream?: string } | null)?.stream ?? platform.settings.defaultStream)

/** The archive of a stream. Throws as `archiveOf` does. */
export function requireArchive({ archives }: Platform, stream: string): StreamArchive {
  if (archives === undefined)
    throw new ApiError('API_ARCHIVE_MISSING', 'This system keeps no archive of alerts; its operator can turn it on.')
  const found = archives.of(stream)
  if (found) return found
  throw new ApiError('API_ARCHIVE_UNKNOWN', `There is no archive of a stream “${stream.slice(0, 40)}”.`)
}

export interface Located {
  readonly id: bigint
  /** Of the gzipped packet. */
  readonly bytes: number
  readonly packet: () => Promise<Buffer>
}

/** An alert's packet; a caller who may have it already is answered from its size, all others cost one read. Undefined where there is none. */
export async function locate(
  { archive }: StreamArchive,
  text: string,
  { headers }: FastifyRequest,
): Promise<Located | undefined> {
  const id = longOf(text)
  if (id === undefined) return undefined
  if (headers['if-none-match'] === undefined) {
    const packet = await archive.packet(id)
    return packet && { id, bytes: packet.length, packet: () => Promise.resolve(packet) }
  }
  const head = await archive.head(id)
  const read = async (): Promise<Buffer> => {
    const packet = await archive.packet(id)
    // Retention may have taken it away meanwhile.
    if (packet === undefined) throw unknownAlert(text)
    return packet
  }
  return head && { id, bytes: head.bytes, packet: read }
}

/** What a failure within the archive is for a caller: an ApiError, or itself. */
export function archiveFault(error: unknown): unknown {
  if (!(error instanceof HubError)) return error
  if (error.code.startsWith('HUB_ARCHIVE_')) {
    const message = 'The archive cannot be read at the moment; nothing in it is lost. Try again in a few seconds.'
    return new ApiError('API_ARCHIVE_DOWN', message, { cause: error })
  }
  if (error.code === 'HUB_FIELD_UNKNOWN')
    return new ApiError('API_FIELD_UNKNOWN', `${error.message}.`, { cause: error })
  if (error.code === 'HUB_FITS_INVALID' || error.code === 'HUB_CUTOUT_INVALID') {
    const message = `The cutout cannot be shown: ${error.message}. Ask for format=fits to get its bytes as they came.`
    return new ApiError('API_ALERT_UNREADABLE', message, { cause: error })
  }
  return error
}

/** Runs work on the archive. Throws ApiError. */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw archiveFault(error)
  }
}

/** For good: nothing in the archive changes. Only for its caller: who may read it is asked each time. */
const CACHING = 'private, max-age=31536000, immutable'

/** Sets tag and caching; true where the caller has it already, and the answer is 304 without a body. */
export function unchanged(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', tag).header('cache-control', CACHING)
  if (!matches(request.headers['if-none-match'], tag)) return false
  reply.code(304)
  return true
}

/** Chosen fields of `?fields=a.b,c`; undefined where none are chosen. */
export const FieldsQuery = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 4000,
    description: 'names of fields separated by commas, dotted: diaSource.ra,prvDiaSources.psfFlux',
  }),
)
export const fieldList = (fields: string | undefined): string[] | undefined =>
  fields?.split(',').map(field => field.trim())
