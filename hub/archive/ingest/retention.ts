// Keeps an archive below its size limit: what was archived first is removed first. An object is removed before its row of the index, so that after a kill
// no object is left that the index does not know.
import { conflictsPrefix, packetKey, schemasPrefix } from '../store/object-keys.ts'
import { type OtherObject } from '../index/other-objects.ts'
import { type Removable, type SkyIndex } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const PAGE = 200

export interface RetentionOptions {
  readonly store: ArchiveStore
  readonly index: SkyIndex
  readonly stream: string
  /** Bytes that may stay: compressed packets, packets set aside, schemas. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Removes the oldest above the limit; answers how many packets, and how many other objects. Throws HubError HUB_ARCHIVE_…; it can be repeated. */
export const removeOldest = async ({
  store,
  index,
  stream,
  maxBytes,
  signal,
}: RetentionOptions): Promise<{ readonly packets: number; readonly others: number }> => {
  const removed = { packets: 0, others: 0 }
  while (!signal.aborted) {
    const { bytes, otherBytes } = index.totals()
    let excess = bytes + otherBytes - maxBytes
    if (excess <= 0) break
    const oldest = index.oldest(PAGE).filter(one => {
      const isAbove = excess > 0
      excess -= one.bytes
      return isAbove
    })
    if (oldest.length === 0) break
    const ids = oldest.flatMap(one => (one.kind === 'packet' ? [one.id] : []))
    const others: string[] = []
    for (const one of oldest) {
      if (one.kind === 'packet') await store.delete(packetKey(stream, one.id))
      else if (await removeOther(store, index, one)) others.push(one.key)
    }
    index.remove(ids)
    index.removeOthers(others)
    removed.packets += ids.length
    removed.others += others.length
    if (ids.length + others.length === 0) break
  }
  return removed
}

/** A schema that somebody noted while it was being removed is put back: a packet that needs it may be on its way. */
const removeOther = async (
  store: ArchiveStore,
  index: SkyIndex,
  { key }: Exclude<Removable, { kind: 'packet' }>,
): Promise<boolean> => {
  const object = await store.get(key)
  if (!index.isRemovable(key)) return false
  await store.delete(key)
  if (index.isRemovable(key) || object === undefined) return true
  await store.put(key, object)
  return false
}

/** Counts the schemas and packets set aside that the index does not know: of an archive that an older version filled, or whose index was lost. */
export const countOtherObjects = async ({
  store,
  index,
  stream,
}: Pick<RetentionOptions, 'store' | 'index' | 'stream'>): Promise<void> => {
  for (const [prefix, kind] of [
    [schemasPrefix(stream), 'schema'],
    [conflictsPrefix(stream), 'conflict'],
  ] as const) {
    let page: OtherObject[] = []
    for await (const key of store.list(prefix)) {
      const bytes = (await store.head(key))?.bytes
      if (bytes !== undefined) page.push({ key, kind, bytes })
      if (page.length < PAGE) continue
      index.add([], page)
      page = []
    }
    index.add([], page)
  }
  index.markOthersCounted()
}
