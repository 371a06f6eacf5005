// Keeps an archive below its size: what was archived first goes first. Objects before their rows, so that a kill leaves nothing unseen.
import { packetKey } from './keys.ts'
import { type SkyIndex } from './sky-index.ts'
import { type ArchiveStore } from './store.ts'

const PAGE = 200

export interface RetainOptions {
  readonly store: ArchiveStore
  readonly index: SkyIndex
  readonly stream: string
  /** Bytes of compressed packets that may stay. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Removes the oldest packets above the limit; answers how many. Throws HubError HUB_ARCHIVE_…; it can be repeated. */
export const retain = async ({ store, index, stream, maxBytes, signal }: RetainOptions): Promise<number> => {
  let removed = 0
  while (!signal.aborted) {
    let excess = index.totals().bytes - maxBytes
    if (excess <= 0) break
    const { rows } = index.all({ limit: PAGE })
    const leaving = rows.filter(({ bytes }) => {
      const leaves = excess > 0
      excess -= bytes
      return leaves
    })
    if (leaving.length === 0) break
    for (const { id } of leaving) await store.delete(packetKey(stream, id))
    index.remove(leaving.map(({ id }) => id))
    removed += leaving.length
  }
  return removed
}
