// The archive in segments: a few large append-only files a night instead of millions of small ones, and a catalogue that says where each object is.
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { runOnStore, isErrno } from './store-failure.ts'
import { openCatalogueFile, type SegmentCatalogue, type SegmentLeft } from './segment-catalogue.ts'
import { encodeRecord, scanSegment, SEGMENT_HEAD } from './segment-file.ts'
import { type ArchiveStore, checkKey } from './store-interface.ts'

export interface SegmentOptions {
  readonly readOnly?: boolean
  /** A segment that is larger is closed, and the next one begun. */
  readonly maxBytes?: number
  /** Milliseconds since 1970; a test's clock. */
  readonly now?: () => number
}

const MAX_BYTES = 1024 ** 3
const PAGE = 1000
const OPEN_FILES = 64
const HALF_A_DAY_MS = 43_200_000
/** A closed segment with no more objects than this is emptied: one of them would keep a gigabyte on the disk for as long as it is there. */
const FEW_OBJECTS = 16

const nightOf = (ms: number): string => new Date(ms - HALF_A_DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')

interface Waiting {
  readonly key: string
  readonly object: Uint8Array
  /** The segment it moves from. */
  readonly from?: number
  readonly done: PromiseWithResolvers<'stored' | 'exists'>
}

/** The segment that is written to. */
interface Current {
  readonly number: number
  readonly night: string
  readonly handle: FileHandle
  end: number
}

/**
 * Opens the store in a folder. A writer begins a segment of its own with its first object and never touches another's, so a back-fill may run beside an
 * archiver; what a killed one left behind the catalogue is taken into it at the next opening, up to where it is torn.
 */
export const openSegmentStore = async (dir: string, options: SegmentOptions = {}): Promise<ArchiveStore> => {
  const { readOnly = false, maxBytes = MAX_BYTES, now = Date.now } = options
  const file = join(dir, 'catalogue.sqlite')
  let opened: SegmentCatalogue | undefined
  /** Undefined for a reader that came before any writer. */
  const catalogue = (): SegmentCatalogue | undefined =>
    (opened ??= readOnly && !existsSync(file) ? undefined : openCatalogueFile(file, readOnly))

  if (!readOnly)
    await runOnStore('HUB_ARCHIVE_WRITE', `Opening the archive in ${dir}`, async () => {
      await mkdir(dir, { recursive: true })
      await recover(dir, openWriting())
    })
  function openWriting(): SegmentCatalogue {
    const found = catalogue()
    if (readOnly || found === undefined) throw new TypeError('The archive was opened for reading only')
    return found
  }

  let current: Current | undefined
  /** Written to since the last flush. */
  const unflushed = new Set<FileHandle>()
  const waiting: Waiting[] = []
  let writing: Promise<void> | undefined

  const closeCurrent = async (): Promise<void> => {
    if (current === undefined) return
    const { handle } = current
    await handle.datasync()
    // Nobody writes to it again.
    await handle.chmod(0o444)
    unflushed.delete(handle)
    current = undefined
    await handle.close()
  }
  const segment = async (): Promise<Current> => {
    const night = nightOf(now())
    if (current !== undefined && (current.night !== night || current.end > maxBytes)) await closeCurrent()
    if (current !== undefined) return current
    const name = `${night}-${process.pid}-${now()}-${Math.random().toString(36).slice(2, 8)}.seg`
    const handle = await open(join(dir, name), 'wx')
    try {
      await handle.write(SEGMENT_HEAD, 0, SEGMENT_HEAD.length, 0)
      const folder = await open(dir)
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
      current = { number: openWriting().begin(name), night, handle, end: SEGMENT_HEAD.length }
    } catch (error) {
      await handle.close()
      await rm(join(dir, name), { force: true }).catch(() => undefined)
      throw error
    }
    return current
  }

  /** Writes objects and their places; always behind what is known, so a failed attempt is written over. */
  const append = async (batch: readonly Waiting[]): Promise<void> => {
    const target = await segment()
    let end = target.end
    const entries = batch.map(({ key, object, from }) => {
      const { pieces, bytes, objectAt } = encodeRecord(key, object)
      const entry = { key, at: end + objectAt, bytes: object.length, from, pieces }
      end += bytes
      return entry
    })
    await writeAll(target.handle, Buffer.concat(entries.flatMap(({ pieces }) => pieces)), target.end)
    unflushed.add(target.handle)
    const free = openWriting().add(target.number, entries, end)
    target.end = end
    for (const [at, { done }] of batch.entries()) done.resolve(free[at] === true ? 'stored' : 'exists')
  }
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0)
      try {
        await append(batch)
      } catch (error) {
        for (const { done } of batch) done.reject(error)
      }
    }
    writing = undefined
  }
  const write = (one: Omit<Waiting, 'done'>): Promise<'stored' | 'exists'> => {
    const done = Promise.withResolvers<'stored' | 'exists'>()
    waiting.push({ ...one, done })
    writing ??= work()
    return done.promise
  }
  const put = async (key: string, object: Uint8Array): Promise<'stored' | 'exists'> =>
    openWriting().has(key) ? 'exists' : write({ key, object })

  const handles = new Map<string, Promise<FileHandle>>()
  const reading = (name: string): Promise<FileHandle> => {
    const handle = handles.get(name) ?? open(join(dir, name))
    handles.delete(name)
    handles.set(name, handle)
    for (const [oldest, closing] of handles) {
      if (handles.size <= OPEN_FILES) break
      handles.delete(oldest)
      // Reads that have begun end first.
      void closing.then(one => one.close()).catch(() => undefined)
    }
    return handle
  }
  const get = async (key: string): Promise<Buffer | undefined> => {
    const place = catalogue()?.find(key)
    if (place === undefined) return undefined
    const buffer = Buffer.allocUnsafe(place.bytes)
    try {
      const { bytesRead } = await (await reading(place.file)).read(buffer, 0, place.bytes, place.at)
      return buffer.subarray(0, bytesRead)
    } catch (error) {
      handles.delete(place.file)
      // Retention removed the segment between the two steps.
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async function* list(prefix: string, after = ''): AsyncGenerator<string> {
    for (let last = after; ;) {
      const keys = catalogue()?.keys(prefix, last, PAGE) ?? []
      yield* keys
      const next = keys.at(-1)
      if (next === undefined) return
      last = next
    }
  }

  /** Whether nobody, here or in another process, writes to a segment any more: it was closed, or its night is long over. */
  const isClosed = async ({ number, file: name }: SegmentLeft): Promise<boolean> => {
    if (number === current?.number) return false
    if (name.slice(0, 8) < nightOf(now() - 4 * HALF_A_DAY_MS)) return true
    const found = await stat(join(dir, name)).catch(() => undefined)
    return found === undefined || (found.mode & 0o222) === 0
  }
  const emptying = new Set<number>()
  /** Moves the last few objects of a closed segment behind the newest ones and takes it off the disk. */
  const empty = async (segment: SegmentLeft): Promise<void> => {
    if (segment.left > FEW_OBJECTS || emptying.has(segment.number) || !(await isClosed(segment))) return
    emptying.add(segment.number)
    try {
      for (const key of openWriting().keysOf(segment.number)) {
        const object = await get(key)
        if (object !== undefined) await write({ key, object, from: segment.number })
      }
      // What has moved is durable before what it was moved from goes.
      await sync()
      if (openWriting().keysOf(segment.number).length > 0) return
      openWriting().forget(segment.number)
      void handles
        .get(segment.file)
        ?.then(handle => handle.close())
        .catch(() => undefined)
      handles.delete(segment.file)
      await rm(join(dir, segment.file), { force: true })
    } finally {
      emptying.delete(segment.number)
    }
  }
  const remove = async (key: string): Promise<void> => {
    const segment = openWriting().remove(key)
    if (segment !== undefined) await empty(segment)
  }

  const sync = async (): Promise<void> => {
    for (const handle of unflushed) {
      await handle.datasync()
      unflushed.delete(handle)
    }
  }
  const reads = <T>(what: string, action: () => Promise<T>): Promise<T> =>
    runOnStore('HUB_ARCHIVE_READ', `${what} in the archive in ${dir}`, action)
  const writes = <T>(what: string, action: () => Promise<T>): Promise<T> =>
    runOnStore('HUB_ARCHIVE_WRITE', `${what} in the archive in ${dir}`, action)
  if (!readOnly)
    await writes('Tidying', async () => {
      for (const segment of openWriting().nearlyEmpty(FEW_OBJECTS)) await empty(segment)
    })
  return {
    put: (key, bytes) => {
      checkKey(key)
      return writes(`Storing ${key}`, () => put(key, bytes))
    },
    get: key => {
      checkKey(key)
      return reads(`Reading ${key}`, () => get(key))
    },
    head: key => {
      checkKey(key)
      return reads(`Looking for ${key}`, async () => {
        const place = catalogue()?.find(key)
        return place === undefined ? undefined : { bytes: place.bytes }
      })
    },
    list,
    delete: key => {
      checkKey(key)
      return writes(`Deleting ${key}`, () => remove(key))
    },
    sync: () => writes('Flushing', sync),
    close: async () => {
      await writing
      await writes('Closing', closeCurrent)
      await Promise.allSettled([...handles.values()].map(async handle => (await handle).close()))
      opened?.close()
      opened = undefined
    },
  }
}

const writeAll = async (handle: FileHandle, bytes: Buffer, at: number): Promise<void> => {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

/** Brings the catalogue up to what the segments have: what was written by a process that was killed, or everything where the catalogue was lost. */
const recover = async (dir: string, catalogue: SegmentCatalogue): Promise<void> => {
  const present = new Set((await readdir(dir)).filter(name => name.endsWith('.seg')))
  for (const { number, file } of catalogue.segments()) if (!present.has(file)) catalogue.forget(number)
  const known = new Map(catalogue.segments().map(segment => [segment.file, segment]))
  for (const file of [...present].toSorted()) {
    const segment = known.get(file) ?? { number: catalogue.begin(file), known: 0 }
    const handle = await open(join(dir, file))
    try {
      if ((await handle.stat()).size === segment.known) continue
      let found: { key: string; at: number; bytes: number; next: number }[] = []
      for await (const record of scanSegment(handle, segment.known)) {
        found.push(record)
        if (found.length < PAGE) continue
        catalogue.add(segment.number, found, record.next)
        found = []
      }
      const last = found.at(-1)
      if (last !== undefined) catalogue.add(segment.number, found, last.next)
    } finally {
      await handle.close()
    }
  }
}
