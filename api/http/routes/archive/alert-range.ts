// Many alerts in one call: a line of JSON for each, or one Avro container file. Sent while it is read, no faster than the caller takes it.
import { Readable } from 'node:stream'
import { type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { alertJson, containerWriter, pickFields } from '#hub'
import { type StreamArchive } from '../../../archive/archives.ts'
import { chooseForm } from '../../requests/accept.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import { archiveFault, archiveOf, ConditionHeaders, FORMS, reading } from './archive-access.ts'
import { AnyJson, forms } from '../../answers/media-types.ts'
import { Long } from '../../requests/text-formats.ts'
import { answers } from '../../answers/answers.ts'

const NDJSON = 'application/x-ndjson'
const AVRO = 'application/avro'
const MAX_IDS = 1000
/** A thousand ids and two hundred names of fields, each character escaped. */
const MAX_BODY_BYTES = 300 * 1024
/** About a megabyte of Avro. */
const BLOCK_ALERTS = 8

const RangeBody = Type.Object(
  {
    ids: Type.Array(Long, { minItems: 1, maxItems: MAX_IDS }),
    format: Type.Optional(Type.Union([Type.Literal('ndjson'), Type.Literal('avro')])),
    fields: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 })),
  },
  { additionalProperties: false },
)

export function alertRangeRoutes(app: App, platform: Platform): void {
  for (const { prefix, params } of FORMS) {
    app.route({
      method: 'POST',
      // Two colons are one in the path.
      url: `${prefix}/alerts::read`,
      config: { scope: 'read:alertdb', readOnly: true },
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        summary: `Up to ${MAX_IDS} alerts: a line of JSON for each, or an Avro container file`,
        tags: ['alerts'],
        ...('stream' in params ? { params: Type.Object(params) } : {}),
        headers: Type.Pick(ConditionHeaders, ['accept']),
        body: RangeBody,
        response: answers({
          200: forms(
            'Lines `{"id","alert"}`, or `{"id","error":{"code","detail"}}` where there is none, in the order asked for; or the alerts as they are.',
            { [NDJSON]: AnyJson, [AVRO]: null },
          ),
        }),
      },
      handler: async (request, reply) => {
        const { ids, fields, format } = request.body
        const source = archiveOf(platform, request)
        const form = format ?? chooseForm(request.headers.accept, { ndjson: [NDJSON], avro: [AVRO] })
        if (form === 'avro' && fields !== undefined) {
          const message = 'A container file holds whole alerts; leave “fields” out, or ask for ndjson.'
          throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/fields', message }] })
        }
        const pieces = form === 'avro' ? await reading(() => container(source, ids)) : lines(source, ids, fields)
        reply.type(form === 'avro' ? AVRO : `${NDJSON}; charset=utf-8`)
        return reply.send(Readable.from(counted(request, pieces), { objectMode: false }))
      },
    })
  }
}

/** What is sent counts towards the caller's limit. A failure in the middle breaks the answer off: its end is missing for the caller to see. */
async function* counted(request: FastifyRequest, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    request.sentBytes += piece.length
    yield piece
  }
}

const problem = (code: string, detail: string) => ({ error: { code, detail } })

async function* lines(
  { archive, reader }: StreamArchive,
  ids: readonly string[],
  fields: readonly string[] | undefined,
): AsyncGenerator<Buffer> {
  const line = (id: string, value: object): Buffer => Buffer.from(`${JSON.stringify({ id, ...value })}\n`)
  for await (const { id, packet } of archive.packets(ids.map(BigInt))) {
    if (packet === undefined) {
      yield line(String(id), problem('API_ALERT_UNKNOWN', 'The archive has no such alert.'))
      continue
    }
    let shown: unknown
    try {
      const { schema, alert } = await reader.decoded(packet)
      shown = fields === undefined ? alertJson(alert) : pickFields(schema, alert, fields)
    } catch (error) {
      const fault = archiveFault(error)
      if (!(fault instanceof ApiError) || fault.code === 'API_ARCHIVE_DOWN') throw fault
      yield line(String(id), problem(fault.code, fault.message))
      continue
    }
    yield line(String(id), { alert: shown })
  }
}

/** Reads all packets once before it begins: a container file has one schema, and an alert that is missing cannot be told in it. */
async function container({ archive, reader }: StreamArchive, ids: readonly string[]): Promise<AsyncIterable<Buffer>> {
  const numbers = ids.map(BigInt)
  const bySchema = new Map<number, bigint[]>()
  const missing: string[] = []
  let schemaJson = ''
  for await (const { id, packet } of archive.packets(numbers)) {
    if (packet === undefined) {
      missing.push(String(id))
      continue
    }
    const { schemaId, schema } = await reader.framed(packet)
    schemaJson = schema.text
    bySchema.set(schemaId, [...(bySchema.get(schemaId) ?? []), id])
  }
  if (missing.length > 0) {
    const message = `The archive lacks ${missing.length} of these alerts; leave them out, or ask for ndjson, which tells of each.`
    throw new ApiError('API_ALERT_UNKNOWN', message, {
      problems: missing.map(id => ({ pointer: '/ids', message: `${id} is not in the archive` })),
    })
  }
  if (bySchema.size > 1) {
    const message = `These alerts have the schemas ${[...bySchema.keys()].join(', ')}; ask for those of one schema, or for ndjson.`
    const problems = [...bySchema].map(([schema, of]) => ({
      pointer: '/ids',
      message: `schema ${schema}: ${of.join(', ')}`,
    }))
    throw new ApiError('API_SCHEMAS_MIXED', message, { problems })
  }
  return blocks({ archive, reader }, numbers, schemaJson)
}

async function* blocks(
  { archive, reader }: Pick<StreamArchive, 'archive' | 'reader'>,
  ids: readonly bigint[],
  schemaJson: string,
): AsyncGenerator<Buffer> {
  const { head, block } = containerWriter(schemaJson)
  yield head
  let datums: Buffer[] = []
  for await (const { id, packet } of archive.packets(ids)) {
    if (packet === undefined) throw new Error(`the alert ${id} went away while it was read`)
    datums.push((await reader.framed(packet)).body)
    if (datums.length < BLOCK_ALERTS) continue
    yield await block(datums)
    datums = []
  }
  if (datums.length > 0) yield await block(datums)
}
