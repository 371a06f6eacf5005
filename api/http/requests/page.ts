// Pages of a list: `?limit=&cursor=` → `{ items, nextCursor }`. A cursor is the id after which the next page begins.
import { Type, type TSchema } from 'typebox'
import { ApiError } from '../../errors.ts'

/** Of any list; most have fewer. */
const MAX_ITEMS = 1000

export const PageQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  cursor: Type.Optional(Type.String({ maxLength: 300 })),
})

export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item, { maxItems: MAX_ITEMS }),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  })

/** The page after `cursor` of a list whose order does not change. Throws ApiError API_REQUEST_INVALID for a cursor not of this list. */
export function paged<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  { limit, cursor }: { limit: number; cursor?: string },
): { items: T[]; nextCursor: string | null } {
  let from = 0
  if (cursor !== undefined) {
    const after = Buffer.from(cursor, 'base64url').toString()
    from = all.findIndex(item => idOf(item) === after) + 1
    if (from === 0) {
      const message = 'The cursor is not of this list, or the entry it names is gone; begin again without a cursor.'
      throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/cursor', message: 'unknown' }] })
    }
  }
  const items = all.slice(from, from + limit)
  const last = items.at(-1)
  const more = last !== undefined && from + items.length < all.length
  return { items, nextCursor: more ? Buffer.from(idOf(last)).toString('base64url') : null }
}
