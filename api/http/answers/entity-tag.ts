// Entity tags of what the archive holds. A packet never changes, so its id and size tell its bytes; a view adds how it was asked for.
import { createHash } from 'node:crypto'

/** Changes when views are made otherwise: caches then ask again. */
const VIEWS = '1'
const HASH_CHARS = 12

/** A strong tag of a packet (`view` undefined) or of a view of it, named by all that decides on its bytes. */
export function tagOf(id: bigint, bytes: number, view?: readonly unknown[]): string {
  if (view === undefined) return `"${id}-${bytes}"`
  const hash = createHash('sha256')
    .update(JSON.stringify([VIEWS, ...view]))
    .digest('hex')
  return `"${id}-${bytes}-${hash.slice(0, HASH_CHARS)}"`
}

/** Whether an If-None-Match names this tag. */
export const matches = (ifNoneMatch: string | undefined, tag: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some(one => one.trim().replace(/^W\//, '') === tag))
