// The index's tables of objects that are no packets: schemas, and packets set aside because their id came before with other bytes. They count towards the
// archive's size and are removed with the packets of their time.
import { type DatabaseSync } from 'node:sqlite'

/**
 * An object that is no packet of the index. A `schema` may be removed once every packet that was archived before its last use is gone; a `conflict`,
 * a packet set aside, once every packet that was archived before it is gone.
 */
export interface OtherObject {
  readonly key: string
  readonly kind: 'schema' | 'conflict'
  readonly bytes: number
}

/** An object and its place among the packets: behind those with `seq` up to its own. */
export type PlacedObject = OtherObject & { readonly seq: bigint }

/** Writers remember for a while which schemas they stored; only a schema that nobody noted for this long may be removed. */
export const SCHEMA_HELD_MS = 3_600_000

export const OTHER_OBJECTS_SCHEMA = `
  CREATE TABLE others (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL, seq INTEGER NOT NULL, noted REAL NOT NULL) WITHOUT ROWID;
  CREATE INDEX others_seq ON others (seq, key);
  CREATE TABLE other_totals (bytes INTEGER NOT NULL, complete INTEGER NOT NULL);`

/** Statements for reading. `noted` is the moment, ms since 1970, before which a schema must have been noted last. */
export const openOtherObjects = (db: DatabaseSync) => {
  const oldest = db.prepare(
    "SELECT key, kind, bytes, seq FROM others WHERE kind = 'conflict' OR noted < ? ORDER BY seq, key LIMIT ?",
  )
  oldest.setReadBigInts(true)
  const removable = db.prepare("SELECT 1 AS found FROM others WHERE key = ? AND (kind = 'conflict' OR noted < ?)")
  const totals = db.prepare('SELECT bytes, complete FROM other_totals')
  return {
    oldest: (notedBefore: number, limit: number): PlacedObject[] =>
      oldest.all(notedBefore, limit).map(row => ({
        key: String(row['key']),
        kind: row['kind'] === 'schema' ? 'schema' : 'conflict',
        bytes: Number(row['bytes']),
        seq: row['seq'] as bigint,
      })),
    isRemovable: (key: string, notedBefore: number): boolean => removable.get(key, notedBefore) !== undefined,
    totals: (): { readonly bytes: number; readonly isComplete: boolean } => {
      const row = totals.get()
      return { bytes: Number(row?.['bytes']), isComplete: Number(row?.['complete']) === 1 }
    },
  }
}

/** Statements for writing, inside the index's transactions. */
export const openOtherObjectsWriter = (db: DatabaseSync) => {
  const newest = "(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alerts')"
  const insert = db.prepare(`INSERT OR IGNORE INTO others VALUES (?, ?, ?, ${newest}, ?)`)
  const renew = db.prepare(`UPDATE others SET seq = ${newest}, noted = max(noted, ?) WHERE key = ? AND kind = 'schema'`)
  const count = db.prepare('UPDATE other_totals SET bytes = bytes + ?')
  const drop = db.prepare('DELETE FROM others WHERE key = ? RETURNING bytes')
  const complete = db.prepare('UPDATE other_totals SET complete = 1')
  return {
    note: ({ key, kind, bytes }: OtherObject, nowMs: number): void => {
      if (Number(insert.run(key, kind, bytes, nowMs).changes) === 1) count.run(bytes)
      else renew.run(nowMs, key)
    },
    forget: (key: string): void => {
      const gone = drop.get(key)
      if (gone !== undefined) count.run(-Number(gone['bytes']))
    },
    complete: (): void => void complete.run(),
  }
}
