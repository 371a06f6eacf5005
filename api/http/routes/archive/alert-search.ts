// Finding alerts: within a cone of the sky and a time, of an object, of a visit.
import { Type } from 'typebox'
import { LONG_TEXT, type SkyRow } from '#hub'
import { search } from '../../../archive/alert-search.ts'
import { type Platform } from '../../../platform.ts'
import { type App } from '../../requests/typed-app.ts'
import { archiveOf, FORMS, reading } from './archive-access.ts'
import { pageOf } from '../../requests/page.ts'
import { answers } from '../../answers/answers.ts'

const orNull = <T extends ReturnType<typeof Type.Number> | ReturnType<typeof Type.String>>(type: T) =>
  Type.Union([type, Type.Null()])

const AlertRow = Type.Object({
  id: Type.String(),
  object: orNull(Type.String()),
  visit: orNull(Type.String()),
  mjdTai: orNull(Type.Number()),
  band: orNull(Type.String()),
  ra: orNull(Type.Number()),
  dec: orNull(Type.Number()),
  /** Of the gzipped packet. */
  bytes: Type.Integer(),
  url: Type.String({ description: 'path of the packet' }),
})

/** A cone of this size has 80,000 alerts of a night of ten million, which the index walks for each page. */
const MAX_RADIUS_DEG = 10

const Time = Type.String({ maxLength: 40, description: 'modified Julian day in TAI, or ISO 8601' })
const SearchQuery = Type.Object({
  ra: Type.Optional(Type.Number({ minimum: 0, maximum: 360, description: 'degrees, ICRS' })),
  dec: Type.Optional(Type.Number({ minimum: -90, maximum: 90, description: 'degrees, ICRS' })),
  radius: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_RADIUS_DEG, description: 'degrees' })),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  band: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
  object: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  visit: Type.Optional(Type.String({ pattern: LONG_TEXT, maxLength: 20 })),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
})

const view = (prefix: string, { id, objectId, visit, mjdTai, band, raDeg, decDeg, bytes }: SkyRow) => ({
  id: String(id),
  object: objectId ?? null,
  visit: visit === undefined ? null : String(visit),
  mjdTai: mjdTai ?? null,
  band: band ?? null,
  ra: raDeg ?? null,
  dec: decDeg ?? null,
  bytes,
  url: `${prefix}/alerts/${id}`,
})

export function alertSearchRoutes(app: App, platform: Platform): void {
  for (const { prefix, params } of FORMS) {
    app.route({
      method: 'GET',
      url: `${prefix}/alerts`,
      config: { scope: 'read:alertdb' },
      schema: {
        summary: 'Archived alerts within a cone (ra, dec, radius), of an object, or of a visit',
        tags: ['alerts'],
        ...('stream' in params ? { params: Type.Object(params) } : {}),
        querystring: SearchQuery,
        response: answers({ 200: pageOf(AlertRow) }),
      },
      handler: async request => {
        const { index } = archiveOf(platform, request)
        const { stream } = (request.params ?? {}) as { stream?: string }
        const own = stream === undefined ? '/v1' : `/v1/streams/${stream}`
        return reading(async () => {
          const { page, nextCursor } = search(index(), request.query)
          return { items: page.rows.map(row => view(own, row)), nextCursor }
        })
      },
    })
  }
}
