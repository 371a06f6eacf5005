// Keeps an archive below its size: what was archived first goes first. Objects before their rows, so that a kill leaves nothing unseen.
import { conflictsPrefix, packetKey, schemasPrefix } from '../store/object-keys.ts'
import { type OtherObject } from '../index/other-objects.ts'
import { type Leaving, type SkyIndex } from '../index/sky-index.ts'
import { type ArchiveStore } from '../store/store-interface.ts'

const PAGE = 200

export interface RetainOptions {
  readonly store: ArchiveStore
  readonly index: SkyIndex
  readonly stream: string
  /** Bytes that may stay: compressed packets, packets set aside, schemas. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Removes the oldest above the limit; answers how many packets, and how many other objects. Throws HubError HUB_ARCHIVE_…; it can be repeated. */
export const retain = async ({
  store,
  index,
  stream,
  maxBytes,
  signal,
}: RetainOptions): Promise<{ readonly packets: number; readonly others: number }> => {
  const removed = { packets: 0, others: 0 }
  while (!signal.aborted) {
    const { bytes, otherBytes } = index.totals()
    let excess = bytes + otherBytes - maxBytes
    if (excess <= 0) break
    const leaving = index.oldest(PAGE).filter(one => {
      const leaves = excess > 0
      excess -= one.bytes
      return leaves
    })
    if (leaving.length === 0) break
    const ids = leaving.flatMap(one => (one.kind === 'packet' ? [one.id] : []))
    const others: string[] = []
    for (const one of leaving) {
      if (one.kind === 'packet') await store.delete(packetKey(stream, one.id))
      else if (await removeOther(store, index, one)) others.push(one.key)
    }
    index.remove(ids)
    index.forgetOthers(others)
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
  { key }: Exclude<Leaving, { kind: 'packet' }>,
): Promise<boolean> => {
  const object = await store.get(key)
  if (!index.mayLeave(key)) return false
  await store.delete(key)
  if (index.mayLeave(key) || object === undefined) return true
  await store.put(key, object)
  return false
}

/** Counts what an archive has beside its packets and its index does not know: of one that an older version filled, or whose index was lost. */
export const countOthers = async ({
  store,
  index,
  stream,
}: Pick<RetainOptions, 'store' | 'index' | 'stream'>): Promise<void> => {
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
  index.completeOthers()
}
