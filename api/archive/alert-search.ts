// A search as callers write it: one of cone, object or visit; times as MJD or ISO; cursors that belong to one search.
import { createHash } from 'node:crypto'
import { longOf, type SkyIndex, type SkyPage, TIME_SCALES } from '#hub'
import { ApiError } from '../errors.ts'
import { timeOf } from '../rfc3339-time.ts'

export interface Search {
  readonly ra?: number
  readonly dec?: number
  readonly radius?: number
  readonly object?: string
  readonly visit?: string
  readonly since?: string
  readonly until?: string
  readonly band?: string
  readonly limit: number
  readonly cursor?: string
}

const DAY_MS = 86_400_000
/** Milliseconds since 1970 (UTC) at day 0 of MJD in TAI. */
const MJD_0_MS = TIME_SCALES['mjd-tai'](0)
const MJD = /^\d{1,6}(\.\d{1,12})?$/
/** Days and minutes are moments as well. */
const DAY = /^\d{4}-\d{2}-\d{2}$/
const MINUTE = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})$/

const invalid = (pointer: string, message: string): ApiError =>
  new ApiError('API_SEARCH_INVALID', message, {
    problems: [{ pointer: pointer === '' ? '' : `/${pointer}`, message }],
  })

/** A time as MJD in TAI. Throws ApiError API_SEARCH_INVALID. */
function mjdTaiOf(name: string, text: string): number {
  if (MJD.test(text)) return Number(text)
  const ms = timeOf(DAY.test(text) ? `${text}T00:00:00Z` : text.replace(MINUTE, '$1:00$2'))
  if (ms !== undefined) return (ms - MJD_0_MS) / DAY_MS
  throw invalid(
    name,
    `“${name}” is no time: write a modified Julian day in TAI (61000.25) or ISO 8601 (2026-11-21T16:00:00Z).`,
  )
}

/** A page of a search. Throws ApiError API_SEARCH_INVALID with what to write instead. */
export function search(index: SkyIndex | undefined, query: Search): { page: SkyPage; nextCursor: string | null } {
  const find = finder(query)
  const after = query.cursor === undefined ? undefined : place(query)
  if (index === undefined) return { page: { rows: [] }, nextCursor: null }
  const page = find(index, { limit: query.limit, after })
  return { page, nextCursor: page.next === undefined ? null : cursorOf(query, page.next) }
}

type Find = (index: SkyIndex, page: { limit: number; after: string | undefined }) => SkyPage

function finder({ ra, dec, radius, object, visit, since, until, band }: Search): Find {
  const isCone = ra !== undefined || dec !== undefined || radius !== undefined
  const asked = [isCone, object !== undefined, visit !== undefined].filter(Boolean).length
  if (asked !== 1) {
    const what = asked === 0 ? 'Nothing says what to look for' : 'A search is by one thing at a time'
    throw invalid('', `${what}: give ra, dec and radius (degrees), or object, or visit.`)
  }
  if (isCone) {
    if (ra === undefined || dec === undefined || radius === undefined) {
      const missing = Object.entries({ ra, dec, radius }).flatMap(([name, value]) =>
        value === undefined ? [name] : [],
      )
      throw invalid(
        missing[0] ?? '',
        `A cone needs ra, dec and radius in degrees; ${missing.join(' and ')} is missing.`,
      )
    }
    const fromMjdTai = since === undefined ? undefined : mjdTaiOf('since', since)
    const toMjdTai = until === undefined ? undefined : mjdTaiOf('until', until)
    if (fromMjdTai !== undefined && toMjdTai !== undefined && fromMjdTai >= toMjdTai)
      throw invalid('until', '“until” is not after “since”, so nothing can be between them.')
    return (index, page) =>
      index.cone({ raDeg: ra, decDeg: dec, radiusDeg: radius, fromMjdTai, toMjdTai, band, ...page })
  }
  const extra = Object.entries({ since, until, band }).find(([, value]) => value !== undefined)?.[0]
  if (extra !== undefined)
    throw invalid(extra, `“${extra}” narrows a cone (ra, dec, radius); a search by object or visit gives all of it.`)
  if (object !== undefined) return (index, page) => index.byObject(object, page)
  const number = longOf(visit ?? '')
  if (number === undefined) throw invalid('visit', '“visit” is no integer of 64 bits.')
  return (index, page) => index.byVisit(number, page)
}

const fingerprint = ({ cursor: _cursor, limit: _limit, ...search }: Search): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(search).toSorted(([a], [b]) => a.localeCompare(b))))
    .digest('base64url')
    .slice(0, 8)

const cursorOf = (query: Search, next: string): string =>
  Buffer.from(`${fingerprint(query)}.${next}`).toString('base64url')

function place(query: Search): string {
  const [mark, next] = Buffer.from(query.cursor ?? '', 'base64url')
    .toString('latin1')
    .split('.')
  if (mark === fingerprint(query) && next !== undefined && /^\d{1,18}$/.test(next)) return next
  throw invalid('cursor', 'The cursor is not of this search; begin again without one.')
}
