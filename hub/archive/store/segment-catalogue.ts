// Which object is where in which segment. SQLite; whatever of it is lost with the power, or deleted, is found again in the segments themselves.
import { DatabaseSync } from 'node:sqlite'

interface Place {
  readonly segment: number
  readonly file: string
  readonly at: number
  readonly bytes: number
}

interface NewEntry {
  readonly key: string
  readonly at: number
  readonly bytes: number
  /** The segment it moves from; without one it is a new object. */
  readonly from?: number | undefined
}

interface Segment {
  readonly number: number
  readonly file: string
  /** Up to here its records are in the catalogue. */
  readonly known: number
}

export interface SegmentLeft extends Omit<Segment, 'known'> {
  readonly left: number
}

export interface SegmentCatalogue {
  find: (key: string) => Place | undefined
  has: (key: string) => boolean
  /** Keys from `from` (exclusive where `after`) on, in their order. */
  keys: (prefix: string, after: string, limit: number) => readonly string[]
  segments: () => readonly Segment[]
  /** Makes a segment known; answers its number. */
  begin: (file: string) => number
  /** Adds a segment's next records, all or none; answers which keys were free, or, of what moves, still where it was. */
  add: (segment: number, entries: readonly NewEntry[], known: number) => readonly boolean[]
  /** Removes a key; answers its segment and how many objects are left in that. */
  remove: (key: string) => SegmentLeft | undefined
  /** Keys of a segment's objects. */
  keysOf: (segment: number) => readonly string[]
  /** Segments with at most so many objects. */
  nearlyEmpty: (objects: number) => readonly SegmentLeft[]
  forget: (segment: number) => void
  close: () => void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS segments (number INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL UNIQUE, known INTEGER NOT NULL, live INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, segment INTEGER NOT NULL, at INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_segment ON entries (segment);`
const BUSY_MS = 5000
/** Behind every character of a key. */
const LAST = '~'

/** Opens the catalogue in a file; a writer makes it where it is missing. Throws node:sqlite's errors. */
export const openCatalogueFile = (file: string, readOnly: boolean): SegmentCatalogue => {
  const db = new DatabaseSync(file, { readOnly, timeout: BUSY_MS })
  // Not flushed at each commit: what a loss of power takes is found again behind `known`.
  if (!readOnly) db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`)
  const place = db.prepare(
    'SELECT segment, file, at, bytes FROM entries JOIN segments ON number = segment WHERE key = ?',
  )
  const range = db.prepare('SELECT key FROM entries WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?')
  const all = db.prepare('SELECT number, file, known FROM segments ORDER BY number')
  const keysIn = db.prepare('SELECT key FROM entries WHERE segment = ?')
  const few = db.prepare('SELECT number, file, live FROM segments WHERE live <= ? ORDER BY number')
  const numbers = (row: Record<string, unknown>, ...names: string[]): number[] => names.map(name => Number(row[name]))

  const writer = readOnly ? undefined : openWriter(db)
  const writing = <T>(action: (to: ReturnType<typeof openWriter>) => T): T => {
    if (writer === undefined) throw new TypeError('The catalogue was opened for reading only')
    db.exec('BEGIN IMMEDIATE')
    try {
      const result = action(writer)
      db.exec('COMMIT')
      return result
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
  return {
    find: key => {
      const row = place.get(key)
      if (row === undefined) return undefined
      const [segment, at, bytes] = numbers(row, 'segment', 'at', 'bytes')
      return { segment: segment!, file: String(row['file']), at: at!, bytes: bytes! }
    },
    has: key => place.get(key) !== undefined,
    keys: (prefix, after, limit) => range.all(prefix, after, `${prefix}${LAST}`, limit).map(row => String(row['key'])),
    segments: () =>
      all.all().map(row => {
        const [number, known] = numbers(row, 'number', 'known')
        return { number: number!, file: String(row['file']), known: known! }
      }),
    begin: name => writing(to => to.begin(name)),
    add: (segment, entries, known) => writing(to => to.add(segment, entries, known)),
    remove: key => writing(to => to.remove(key)),
    keysOf: segment => keysIn.all(segment).map(row => String(row['key'])),
    nearlyEmpty: objects => few.all(objects).map(leftOf),
    forget: segment => writing(to => to.forget(segment)),
    close: () => db.close(),
  }
}

const openWriter = (db: DatabaseSync) => {
  const begin = db.prepare('INSERT INTO segments (file, known, live) VALUES (?, 0, 0)')
  const insert = db.prepare('INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?)')
  const move = db.prepare('UPDATE entries SET segment = ?, at = ? WHERE key = ? AND segment = ?')
  const grow = db.prepare('UPDATE segments SET known = max(known, ?), live = live + ? WHERE number = ?')
  const drop = db.prepare('DELETE FROM entries WHERE key = ? RETURNING segment')
  const shrink = db.prepare('UPDATE segments SET live = live - 1 WHERE number = ? RETURNING number, file, live')
  const forgetEntries = db.prepare('DELETE FROM entries WHERE segment = ?')
  const forgetSegment = db.prepare('DELETE FROM segments WHERE number = ?')
  return {
    begin: (file: string): number => Number(begin.run(file).lastInsertRowid),
    add: (segment: number, entries: readonly NewEntry[], known: number): boolean[] => {
      const free = entries.map(({ key, at, bytes, from }) => {
        if (from === undefined) return Number(insert.run(key, segment, at, bytes).changes) === 1
        if (Number(move.run(segment, at, key, from).changes) === 0) return false
        shrink.get(from)
        return true
      })
      grow.run(known, free.filter(one => one).length, segment)
      return free
    },
    remove: (key: string): SegmentLeft | undefined => {
      const segment = drop.get(key)?.['segment']
      return segment === undefined ? undefined : leftOf(shrink.get(segment) ?? {})
    },
    forget: (segment: number): void => {
      forgetEntries.run(segment)
      forgetSegment.run(segment)
    },
  }
}

const leftOf = (row: Record<string, unknown>): SegmentLeft => ({
  number: Number(row['number']),
  file: String(row['file']),
  left: Number(row['live']),
})
