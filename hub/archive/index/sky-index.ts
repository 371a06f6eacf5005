// The index next to the archive, one SQLite file a stream. In: rows (id, object, visit, position, time, band, size) of archived alerts. Out: alerts in a
// cone on the sky, of an object or of a visit, and the oldest objects for retention. All of it can be built again from the archive (repair/reindex.ts).
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import { coneBounds, directionOf, isPosition } from './sky-cone.ts'
import {
  openOtherObjects,
  openOtherObjectsWriter,
  OTHER_OBJECTS_SCHEMA,
  type OtherObject,
  SCHEMA_HELD_MS,
} from './other-objects.ts'

/** What the index knows of an alert. */
export interface SkyRow {
  readonly id: bigint
  readonly objectId?: string | undefined
  readonly visit?: bigint | undefined
  /** Time of the observation: modified Julian day, TAI. */
  readonly mjdTai?: number | undefined
  readonly band?: string | undefined
  /** Degrees, ICRS. Both or none. */
  readonly raDeg?: number | undefined
  readonly decDeg?: number | undefined
  /** Size of the gzipped packet. */
  readonly bytes: number
  /** `partition-offset` of the record the packet came in first; absent where the index was built again. */
  readonly source?: string | undefined
}

interface PageQuery {
  /** `next` of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

export interface ConeQuery extends PageQuery {
  readonly raDeg: number
  readonly decDeg: number
  readonly radiusDeg: number
  /** Inclusive. */
  readonly fromMjdTai?: number | undefined
  /** Exclusive. */
  readonly toMjdTai?: number | undefined
  readonly band?: string | undefined
}

/** Rows in the order in which they were archived, which new ones do not disturb; `next` is absent on the last page. */
export interface SkyPage {
  readonly rows: readonly SkyRow[]
  readonly next?: string
}

/**
 * The index of one stream. Calls are synchronous: a page of 100 takes about a millisecond. One process writes, any number read at the same time.
 * What is in the index is durable and readable in the archive. Throws HubError HUB_ARCHIVE_INDEX; RangeError for a bad cursor or limit.
 */
export interface SkyIndex {
  cone: (query: ConeQuery) => SkyPage
  byObject: (objectId: string, page: PageQuery) => SkyPage
  byVisit: (visit: bigint, page: PageQuery) => SkyPage
  /** All alerts, in the order in which they were archived. */
  all: (page: PageQuery) => SkyPage
  get: (id: bigint) => SkyRow | undefined
  /** `otherBytes`: of schemas and packets set aside; `isComplete` is false while an archive's older ones are not counted yet. */
  totals: () => {
    readonly alerts: number
    readonly bytes: number
    readonly otherBytes: number
    readonly isComplete: boolean
  }
  /**
   * Adds alerts, and the schemas and packets set aside that came with them, all or none. An alert that is there already stays as it is, only its `source`
   * is filled in where it is absent. A schema that is noted again moves behind the alerts that are there.
   */
  add: (rows: readonly SkyRow[], others?: readonly OtherObject[]) => void
  remove: (ids: readonly bigint[]) => void
  /** What retention may remove, oldest first, up to `limit`: packets by id, and other objects; a schema an hour after it was noted last. */
  oldest: (limit: number) => readonly Removable[]
  /** Whether an object that is no packet may still be removed. */
  isRemovable: (key: string) => boolean
  removeOthers: (keys: readonly string[]) => void
  /** Says that all objects that are no packets are counted from now on. */
  markOthersCounted: () => void
  close: () => void
}

/** A packet or another object of the archive that is among its oldest. */
export type Removable = { readonly kind: 'packet'; readonly id: bigint; readonly bytes: number } | OtherObject

const SCHEMA_VERSION = 2
/** Counts packets only; readers need no more, a writer adds the tables. */
const OLDER_VERSION = 1
const SCHEMA = `
  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL UNIQUE, object TEXT, visit INTEGER, mjd REAL, band TEXT,
    ra REAL, dec REAL, x REAL, y REAL, z REAL, bytes INTEGER NOT NULL, source TEXT);
  CREATE INDEX alerts_object ON alerts (object, seq) WHERE object IS NOT NULL;
  CREATE INDEX alerts_visit ON alerts (visit, seq);
  CREATE VIRTUAL TABLE sky USING rtree (seq, minX, maxX, minY, maxY, minZ, maxZ);
  CREATE TABLE totals (alerts INTEGER NOT NULL, bytes INTEGER NOT NULL);
  INSERT INTO totals VALUES (0, 0);
  ${OTHER_OBJECTS_SCHEMA}
  INSERT INTO other_totals VALUES (0, 1);
  PRAGMA user_version = ${SCHEMA_VERSION};`
const UPGRADE = `${OTHER_OBJECTS_SCHEMA} INSERT INTO other_totals VALUES (0, 0); PRAGMA user_version = ${SCHEMA_VERSION};`
/** A reader or writer waits this long for the other's commit. */
const BUSY_MS = 5000
const MAX_LIMIT = 10_000
const COLUMNS = 'seq, id, object, visit, mjd, band, ra, dec, bytes, source'

interface Row {
  readonly seq: bigint
  readonly id: bigint
  readonly object: string | null
  readonly visit: bigint | null
  readonly mjd: number | null
  readonly band: string | null
  readonly ra: number | null
  readonly dec: number | null
  readonly bytes: bigint
  readonly source: string | null
}

export interface SkyIndexOptions {
  readonly readOnly?: boolean
  /** Milliseconds since 1970; a test's clock. */
  readonly now?: () => number
}

/** Opens the index in a file. A writer makes it where it is missing; for a reader that is HUB_ARCHIVE_INDEX: nothing has been archived yet. */
export const openSkyIndex = (file: string, options: SkyIndexOptions = {}): SkyIndex => {
  const { readOnly = false, now = Date.now } = options
  const attempt = <T>(what: string, action: () => T): T => {
    try {
      return action()
    } catch (error) {
      if (error instanceof HubError || error instanceof RangeError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new HubError(
        'HUB_ARCHIVE_INDEX',
        `${what} the index ${file} failed: ${why}; \`skysieve archive reindex\` builds it again from the archive`,
        { cause: error },
      )
    }
  }
  const { db, hasOthers } = attempt('Opening', () => openDatabase(file, readOnly))
  const others = hasOthers ? openOtherObjects(db) : undefined
  const select = (sql: string) => {
    const statement = db.prepare(`SELECT ${COLUMNS} FROM alerts ${sql}`)
    statement.setReadBigInts(true)
    return (...values: readonly SQLInputValue[]): Row[] => statement.all(...values) as unknown as Row[]
  }
  const inBox = `seq IN (SELECT seq FROM sky WHERE minX <= ? AND maxX >= ? AND minY <= ? AND maxY >= ? AND minZ <= ? AND maxZ >= ?)
    AND (x - ?) * (x - ?) + (y - ?) * (y - ?) + (z - ?) * (z - ?) <= ?`
  const selectCone = select(
    `WHERE ${inBox} AND (? IS NULL OR mjd >= ?) AND (? IS NULL OR mjd < ?) AND (? IS NULL OR band = ?)
     AND seq > ? ORDER BY seq LIMIT ?`,
  )
  const selectObject = select('WHERE object = ? AND seq > ? ORDER BY seq LIMIT ?')
  const selectVisit = select('WHERE visit = ? AND seq > ? ORDER BY seq LIMIT ?')
  const selectAll = select('WHERE seq > ? ORDER BY seq LIMIT ?')
  const selectId = select('WHERE id = ?')

  const page = ({ after, limit }: PageQuery, find: (after: bigint, limit: number) => Row[]): SkyPage =>
    attempt('Searching', () => {
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
        throw new RangeError(`A page has 1 to ${MAX_LIMIT} alerts, not ${limit}`)
      if (after !== undefined && !/^\d{1,18}$/.test(after)) throw new RangeError('The cursor is not one of this index')
      // One more than asked for tells whether there is a next page.
      const found = find(BigInt(after ?? 0), limit + 1)
      const rows = found.slice(0, limit)
      const last = rows.at(-1)
      return found.length > limit && last !== undefined
        ? { rows: rows.map(rowOf), next: String(last.seq) }
        : { rows: rows.map(rowOf) }
    })

  const writer = readOnly ? undefined : openWriter(db)
  const writing = (what: string, action: (to: Writer) => void): void => {
    if (writer === undefined) throw new TypeError('The index was opened for reading only')
    attempt(what, () => {
      db.exec('BEGIN IMMEDIATE')
      try {
        action(writer)
        db.exec('COMMIT')
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    })
  }
  return {
    cone: query =>
      page(query, (after, limit) => {
        const { x, y, z, halfSide: h, maxSquare } = coneBounds(query.raDeg, query.decDeg, query.radiusDeg)
        const box = [x + h, x - h, y + h, y - h, z + h, z - h, x, x, y, y, z, z, maxSquare]
        const limits = [query.fromMjdTai, query.toMjdTai, query.band].flatMap(one => [one ?? null, one ?? null])
        return selectCone(...box, ...limits, after, limit)
      }),
    byObject: (objectId, query) => page(query, (after, limit) => selectObject(objectId, after, limit)),
    byVisit: (visit, query) => page(query, (after, limit) => selectVisit(visit, after, limit)),
    all: query => page(query, selectAll),
    get: id =>
      attempt('Searching', () => {
        const [row] = selectId(id)
        return row && rowOf(row)
      }),
    totals: () =>
      attempt('Counting', () => {
        const row = db.prepare('SELECT alerts, bytes FROM totals').get()
        const { bytes: otherBytes, isComplete } = others?.totals() ?? { bytes: 0, isComplete: false }
        return { alerts: Number(row?.['alerts']), bytes: Number(row?.['bytes']), otherBytes, isComplete }
      }),
    add: (rows, beside = []) =>
      writing('Writing to', to => {
        rows.forEach(row => to.add(row))
        beside.forEach(other => to.others.note(other, now()))
      }),
    remove: ids => writing('Removing from', to => ids.forEach(id => to.remove(id))),
    oldest: limit =>
      attempt('Searching', () => {
        const packets = selectAll(0n, limit).map(({ seq, id, bytes }) => ({
          seq,
          object: { kind: 'packet', id, bytes: Number(bytes) } satisfies Removable as Removable,
        }))
        const beside = (others?.oldest(now() - SCHEMA_HELD_MS, limit) ?? []).map(({ seq, ...object }) => ({
          seq,
          object,
        }))
        // Behind a page of packets nothing is known: what stands after them waits for the next page.
        const end = packets.length === limit ? packets.at(-1)!.seq : undefined
        // The order of equals stays, so a packet comes before what is behind it.
        return [...packets, ...beside.filter(({ seq }) => end === undefined || seq <= end)]
          .toSorted((a, b) => (a.seq < b.seq ? -1 : a.seq > b.seq ? 1 : 0))
          .slice(0, limit)
          .map(({ object }) => object)
      }),
    isRemovable: key => attempt('Searching', () => others?.isRemovable(key, now() - SCHEMA_HELD_MS) ?? false),
    removeOthers: keys => writing('Removing from', to => keys.forEach(key => to.others.forget(key))),
    markOthersCounted: () => writing('Writing to', to => to.others.complete()),
    close: () => db.close(),
  }
}

const openDatabase = (file: string, readOnly: boolean): { readonly db: DatabaseSync; readonly hasOthers: boolean } => {
  if (!readOnly) mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file, { readOnly, timeout: BUSY_MS })
  try {
    const version = (): unknown => db.prepare('PRAGMA user_version').get()?.['user_version']
    if (!readOnly) {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      if (version() === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
      if (version() === OLDER_VERSION) db.exec(`BEGIN IMMEDIATE; ${UPGRADE} COMMIT`)
    }
    const found = version()
    if (found === OLDER_VERSION && readOnly) return { db, hasOthers: false }
    if (found !== SCHEMA_VERSION) throw new Error(`it has the version ${String(found)}, not ${SCHEMA_VERSION}`)
    return { db, hasOthers: true }
  } catch (error) {
    db.close()
    throw error
  }
}

type Writer = ReturnType<typeof openWriter>

const openWriter = (db: DatabaseSync) => {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO alerts (id, object, visit, mjd, band, ra, dec, x, y, z, bytes, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const claim = db.prepare('UPDATE alerts SET source = ? WHERE id = ? AND source IS NULL')
  const place = db.prepare('INSERT INTO sky VALUES (?, ?, ?, ?, ?, ?, ?)')
  const count = db.prepare('UPDATE totals SET alerts = alerts + ?, bytes = bytes + ?')
  const drop = db.prepare('DELETE FROM alerts WHERE id = ? RETURNING seq, bytes')
  const displace = db.prepare('DELETE FROM sky WHERE seq = ?')
  return {
    others: openOtherObjectsWriter(db),
    add: ({ id, objectId, visit, mjdTai, band, raDeg, decDeg, bytes, source }: SkyRow): void => {
      const isPlaced = isPosition(raDeg, decDeg)
      const at = isPlaced ? directionOf(raDeg ?? 0, decDeg ?? 0) : undefined
      const where = [raDeg, decDeg].map(angle => (isPlaced ? (angle ?? null) : null))
      const time = Number.isFinite(mjdTai) ? (mjdTai ?? null) : null
      const what = [id, objectId ?? null, visit ?? null, time, band ?? null]
      const direction = [at?.x ?? null, at?.y ?? null, at?.z ?? null]
      const { changes, lastInsertRowid } = insert.run(...what, ...where, ...direction, bytes, source ?? null)
      if (Number(changes) === 0) {
        if (source !== undefined) claim.run(source, id)
        return
      }
      count.run(1, bytes)
      if (at !== undefined) place.run(lastInsertRowid, at.x, at.x, at.y, at.y, at.z, at.z)
    },
    remove: (id: bigint): void => {
      const gone = drop.get(id)
      if (gone === undefined) return
      displace.run(gone['seq'] ?? null)
      count.run(-1, -Number(gone['bytes']))
    },
  }
}

const rowOf = ({ id, object, visit, mjd, band, ra, dec, bytes, source }: Row): SkyRow => ({
  id,
  ...(object === null ? {} : { objectId: object }),
  ...(visit === null ? {} : { visit }),
  ...(mjd === null ? {} : { mjdTai: mjd }),
  ...(band === null ? {} : { band }),
  ...(ra === null || dec === null ? {} : { raDeg: ra, decDeg: dec }),
  bytes: Number(bytes),
  ...(source === null ? {} : { source }),
})
