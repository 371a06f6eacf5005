// Batches in a file in memory: written once, read by every host through a descriptor of its own that cannot write. The file has no name, so nothing
// remains of it when this process dies; only containers, which mount it read-only, need one.
import { closeSync, existsSync, fchmodSync, openSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import { type Batch } from '../columns/batch.ts'
import { type FrameMap, mapFrame } from '../columns/frame-layout.ts'
import { makeSharedFolder } from '../machine/shared-folder.ts'

/** A batch in the ring, until released. */
export interface RingEntry {
  readonly offset: number
  readonly map: FrameMap
  release(): void
}

interface Region {
  readonly offset: number
  readonly bytes: number
}

const MIN_REGION_BYTES = 1 << 18
const PADDING = new Uint8Array(8)

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const padded = (view: ArrayBufferView): Uint8Array[] => {
  const rest = (8 - (view.byteLength % 8)) % 8
  return rest === 0 ? [bytesOf(view)] : [bytesOf(view), PADDING.subarray(0, rest)]
}

/**
 * A ring in `parent`, of as many regions as there are batches under way at the same time. `named`: it stays in `folder` until it is closed, readable by
 * all; so it does where descriptors have no names to open them again by.
 */
export function openRing(parent: string, { named = false } = {}) {
  const { folder, remove } = makeSharedFolder(parent, 'ring')
  const path = join(folder, 'ring')
  const writer = openSync(path, 'w+', 0o600)
  const ownName = `/proc/self/fd/${writer}`
  const keepsName = named || !existsSync(ownName)
  // The mode lets nobody else, and not even this user, open it for writing.
  fchmodSync(writer, named ? 0o444 : 0o400)
  if (!keepsName) remove()
  const free: Region[] = []
  let end = 0

  const take = (bytes: number): Region => {
    const index = free.findIndex(region => region.bytes >= bytes)
    if (index >= 0) return free.splice(index, 1)[0] as Region
    const region = { offset: end, bytes: Math.max(MIN_REGION_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes)))) }
    end += region.bytes
    return region
  }

  return {
    /** A read-only descriptor for one host; the caller closes it. */
    openReader: (): number => openSync(keepsName ? path : ownName, 'r'),
    write(batch: Batch): RingEntry {
      const map = mapFrame(batch.set, {
        rows: batch.rows,
        items: batch.lists.map(list => list.items),
        textUnits: batch.text.length,
        binaryBytes: batch.binary.length,
      })
      const region = take(map.bytes)
      const parts = [
        bytesOf(batch.times),
        bytesOf(batch.ids),
        ...batch.columns.map(bytesOf),
        ...batch.lists.flatMap(({ starts, counts, columns }) => [starts, counts, ...columns].map(bytesOf)),
        ...padded(batch.text),
        ...padded(batch.binary),
      ]
      let at = region.offset
      for (let first = 0; first < parts.length; first += 512) {
        const slice = parts.slice(first, first + 512)
        const expected = slice.reduce((sum, part) => sum + part.length, 0)
        const written = writevSync(writer, slice, at)
        if (written !== expected)
          throw new Error(`the ring file took ${written} of ${expected} bytes; is memory for ${folder} full?`)
        at += expected
      }
      return { offset: region.offset, map, release: () => void free.push(region) }
    },
    folder,
    close(): void {
      closeSync(writer)
      remove()
    },
  }
}

export type Ring = ReturnType<typeof openRing>
