// Alerts and schemas by id, as Rubin's alert database server answers; for people also as JSON.
import { Type } from 'typebox'
import { alertJson, longOf, pickFields } from '#hub'
import { tagOf } from '../../answers/entity-tag.ts'
import { chooseForm } from '../../requests/accept.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import {
  AlertId,
  archiveOf,
  ConditionHeaders,
  fieldList,
  FieldsQuery,
  FORMS,
  locate,
  reading,
  unchanged,
  unknownAlert,
} from './archive-access.ts'
import { AnyJson, empty, forms } from '../../answers/media-types.ts'
import { answers } from '../../answers/answers.ts'

const PACKET = 'application/octet-stream'
const SCHEMA = 'application/vnd.schemaregistry.v1+json'
/** Rubin's server is FastAPI: this is all its 404 says. */
const RubinNotFound = Type.Object({ detail: Type.String() })
const NONE = forms('There is none.', {
  'application/json': RubinNotFound,
  'application/problem+json': Type.Ref('Problem#'),
})
/** Bytes: to a text the framework would add a charset that Rubin's server does not send. */
const notFound = (what: string): Buffer => Buffer.from(JSON.stringify({ detail: `${what} not found` }))

const AlertQuery = Type.Object({
  format: Type.Optional(Type.Union([Type.Literal('packet'), Type.Literal('json')])),
  fields: FieldsQuery,
})

export function alertRoutes(app: App, platform: Platform): void {
  app.route({
    method: 'GET',
    url: '/v1/health',
    config: { scope: 'none', unlimited: true },
    schema: {
      summary: 'Whether the API answers',
      tags: ['alerts'],
      security: [],
      response: answers({ 200: forms('It does.', { 'text/plain': Type.Literal('OK') }) }),
    },
    handler: async (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'),
  })

  for (const { prefix, params } of FORMS) {
    app.route({
      method: 'GET',
      url: `${prefix}/alerts/:id`,
      config: { scope: 'read:alertdb' },
      schema: {
        summary: 'An alert’s packet as it was published, gzipped; or as JSON, whole or some of its fields',
        tags: ['alerts'],
        params: Type.Object({ ...params, id: AlertId }),
        querystring: AlertQuery,
        headers: ConditionHeaders,
        response: answers({
          200: forms('The packet: gzip of a zero byte, the schema’s id (four bytes, big-endian) and Avro.', {
            [PACKET]: null,
            'application/json': AnyJson,
          }),
          304: empty('You have it already.'),
          404: NONE,
        }),
      },
      handler: async (request, reply) => {
        const { id: text } = request.params as { id: string }
        const { format, fields } = request.query
        const source = archiveOf(platform, request)
        const wished = chooseForm(request.headers.accept, { packet: [PACKET], json: ['application/json'] })
        const form = format ?? (fields === undefined ? wished : 'json')
        reply.header('vary', 'accept')
        return reading(async () => {
          const found = await locate(source, text, request)
          if (found === undefined) {
            if (form === 'packet') return reply.code(404).type('application/json').send(notFound('alert'))
            throw unknownAlert(text)
          }
          if (
            unchanged(
              request,
              reply,
              tagOf(found.id, found.bytes, form === 'json' ? ['json', fields ?? null] : undefined),
            )
          )
            return reply.send()
          const packet = await found.packet()
          if (form === 'packet') return reply.type(PACKET).send(packet)
          const { schema, alert } = await source.reader.decoded(packet)
          const paths = fieldList(fields)
          const shown = paths === undefined ? alertJson(alert) : pickFields(schema, alert, paths)
          return reply.type('application/json; charset=utf-8').send(JSON.stringify(shown))
        })
      },
    })

    app.route({
      method: 'GET',
      url: `${prefix}/schemas/:id`,
      config: { scope: 'read:alertdb' },
      schema: {
        summary: 'A schema that archived packets were written with',
        tags: ['alerts'],
        params: Type.Object({
          ...params,
          id: Type.String({ maxLength: 300, description: 'decimal id of the schema' }),
        }),
        headers: ConditionHeaders,
        response: answers({
          200: forms('Avro schema.', { [SCHEMA]: AnyJson }),
          304: empty('You have it already.'),
          404: NONE,
        }),
      },
      handler: async (request, reply) => {
        const { id: text } = request.params as { id: string }
        const { archive } = archiveOf(platform, request)
        const id = longOf(text)
        return reading(async () => {
          const schema = id === undefined || id < 0n || id > 0x7fff_ffffn ? undefined : await archive.schema(Number(id))
          if (id === undefined || schema === undefined)
            return reply.code(404).type('application/json').send(notFound('schema'))
          if (unchanged(request, reply, tagOf(id, Buffer.byteLength(schema)))) return reply.send()
          return reply.type(SCHEMA).send(Buffer.from(schema))
        })
      },
    })
  }
}
