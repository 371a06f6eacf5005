// Parts of an alert: its cutouts as they came or as images for people, and its history.
import { Type } from 'typebox'
import {
  alertJson,
  COLORMAPS,
  cutoutOf,
  CUTOUTS,
  type CutoutName,
  historyOf,
  isGzipped,
  readFits,
  renderPng,
  STRETCHES,
} from '#hub'
import { tagOf } from '../../answers/entity-tag.ts'
import { chooseForm } from '../../requests/accept.ts'
import { ApiError } from '../../../errors.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import {
  AlertId,
  archiveOf,
  ConditionHeaders,
  FORMS,
  locate,
  reading,
  unchanged,
  unknownAlert,
} from './archive-access.ts'
import { AnyJson, empty, forms } from '../../answers/media-types.ts'
import { answers } from '../../answers/answers.ts'

const FITS = 'application/fits'
const GZIP = 'application/gzip'
const PNG = 'image/png'
const MAX_SIDE = 600

const CutoutParam = Type.String({
  pattern: `^(${CUTOUTS.join('|')})(\\.fits|\\.png)?$`,
  maxLength: 40,
  description: 'difference, science or template; with .png or .fits behind it in that form',
})
const CutoutQuery = Type.Object({
  format: Type.Optional(Type.Union([Type.Literal('fits'), Type.Literal('png')])),
  stretch: Type.Enum([...STRETCHES], { default: 'zscale', description: 'of a PNG: how values become shades' }),
  colormap: Type.Enum([...COLORMAPS], { default: 'gray', description: 'of a PNG' }),
  size: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_SIDE,
      description: 'of a PNG: pixels along its longer side; the cutout’s own where absent',
    }),
  ),
})

export function alertPartRoutes(app: App, platform: Platform): void {
  for (const { prefix, params } of FORMS) {
    app.route({
      method: 'GET',
      url: `${prefix}/alerts/:id/cutouts/:cutout`,
      config: { scope: 'read:alertdb' },
      schema: {
        summary: 'A cutout as FITS as it came (gzipped if it came so), or as PNG',
        tags: ['alerts'],
        params: Type.Object({ ...params, id: AlertId, cutout: CutoutParam }),
        querystring: CutoutQuery,
        headers: ConditionHeaders,
        response: answers({
          200: forms('The image.', { [FITS]: null, [GZIP]: null, [PNG]: null }),
          304: empty('You have it already.'),
        }),
      },
      handler: async (request, reply) => {
        const { id, cutout } = request.params as { id: string; cutout: string }
        const { format, stretch, colormap, size } = request.query
        const [name, suffix] = cutout.split('.') as [CutoutName, ('fits' | 'png')?]
        const form = suffix ?? format ?? chooseForm(request.headers.accept, { fits: [FITS, GZIP], png: [PNG] })
        const source = archiveOf(platform, request)
        reply.header('vary', 'accept')
        return reading(async () => {
          const found = await locate(source, id, request)
          if (found === undefined) throw unknownAlert(id)
          const view = form === 'png' ? ['png', name, stretch, colormap, size ?? null] : ['fits', name]
          if (unchanged(request, reply, tagOf(found.id, found.bytes, view))) return reply.send()
          const bytes = cutoutOf((await source.reader.decoded(await found.packet())).alert, name)
          if (bytes === undefined) throw new ApiError('API_CUTOUT_UNKNOWN', `The alert ${id} has no ${name} cutout.`)
          if (form === 'fits') {
            const [type, ending] = isGzipped(bytes) ? [GZIP, 'fits.gz'] : [FITS, 'fits']
            reply.header('content-disposition', `inline; filename="${id}-${name}.${ending}"`)
            return reply.type(type).send(bytes)
          }
          const image = readFits(bytes).find(unit => unit.image !== undefined)?.image
          if (image === undefined)
            throw new ApiError(
              'API_ALERT_UNREADABLE',
              `The ${name} cutout of ${id} holds no image. Ask for format=fits.`,
            )
          const png = await renderPng(image, { stretch, colormap, ...(size === undefined ? {} : { size }) })
          return reply.type(PNG).send(png)
        })
      },
    })

    app.route({
      method: 'GET',
      url: `${prefix}/alerts/:id/history`,
      config: { scope: 'read:alertdb' },
      schema: {
        summary: 'An alert’s lists: earlier detections, forced photometry, upper limits',
        tags: ['alerts'],
        params: Type.Object({ ...params, id: AlertId }),
        headers: ConditionHeaders,
        response: answers({
          200: forms('Each list by its name in the schema; null where the alert has none.', {
            'application/json': AnyJson,
          }),
          304: empty('You have it already.'),
        }),
      },
      handler: async (request, reply) => {
        const { id } = request.params as { id: string }
        const source = archiveOf(platform, request)
        return reading(async () => {
          const found = await locate(source, id, request)
          if (found === undefined) throw unknownAlert(id)
          if (unchanged(request, reply, tagOf(found.id, found.bytes, ['history']))) return reply.send()
          const { schema, alert } = await source.reader.decoded(await found.packet())
          return reply.type('application/json; charset=utf-8').send(JSON.stringify(alertJson(historyOf(schema, alert))))
        })
      },
    })
  }
}
