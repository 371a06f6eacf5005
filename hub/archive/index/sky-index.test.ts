import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { openSkyIndex, type SkyIndex, type SkyRow } from './sky-index.ts'

const dir = mkdtempSync(join(tmpdir(), 'skysieve-index-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0
const fileName = (): string => join(dir, `${++files}.sqlite`)

const row = (id: number, raDeg: number, decDeg: number, more: Partial<SkyRow> = {}): SkyRow => ({
  id: 170_094_456_272_322_680n + BigInt(id),
  objectId: `object ${id % 3}`,
  visit: BigInt(2_026_112_100_000 + (id % 2)),
  mjdTai: 61_000 + id / 10,
  band: id % 2 === 0 ? 'r' : 'g',
  raDeg,
  decDeg,
  bytes: 1000 + id,
  ...more,
})
const filled = (rows: readonly SkyRow[]): SkyIndex => {
  const index = openSkyIndex(fileName())
  index.add(rows)
  return index
}
const idsOf = (rows: readonly SkyRow[]): number[] => rows.map(({ id }) => Number(id - 170_094_456_272_322_680n))
const cone = (index: SkyIndex, raDeg: number, decDeg: number, radiusDeg: number, more: object = {}): number[] =>
  idsOf(index.cone({ raDeg, decDeg, radiusDeg, limit: 100, ...more }).rows)

test('a cone finds what is in it, over the 0-degree line and around the poles', () => {
  const index = filled([row(1, 359.99, 0), row(2, 0.01, 0), row(3, 1, 0), row(4, 10, 89.99), row(5, 190, 89.99)])
  expect(cone(index, 0, 0, 0.1)).toEqual([1, 2])
  expect(cone(index, 360, 0, 0.1)).toEqual([1, 2])
  expect(cone(index, 77, 90, 0.02)).toEqual([4, 5])
  expect(cone(index, 10, 89.99, 0.001)).toEqual([4])
  expect(cone(index, 0, -90, 180)).toEqual([1, 2, 3, 4, 5])
})

test('a position itself is found at the smallest radius, and at a quarter of an arc second its neighbour is not', () => {
  const index = filled([row(1, 149.890_010_991_279_95, 2.230_644_807_252_154), row(2, 149.890_110_991_279_95, 2.23)])
  expect(cone(index, 149.890_010_991_279_95, 2.230_644_807_252_154, 0)).toEqual([1])
  expect(cone(index, 149.890_010_991_279_95, 2.230_644_807_252_154, 0.25 / 3600)).toEqual([1])
})

const raDeg = fc.double({ min: 0, max: 360, noNaN: true })
const decDeg = fc.double({ min: -90, max: 90, noNaN: true })
const RADIANS = Math.PI / 180
/** The haversine formula: another way than the index's. */
const separationDeg = (a: readonly [number, number], b: readonly [number, number]): number => {
  const h =
    Math.sin(((b[1] - a[1]) * RADIANS) / 2) ** 2 +
    Math.cos(a[1] * RADIANS) * Math.cos(b[1] * RADIANS) * Math.sin(((b[0] - a[0]) * RADIANS) / 2) ** 2
  return (2 * Math.asin(Math.min(1, Math.sqrt(h)))) / RADIANS
}

test('a cone has exactly the alerts whose angular distance is within its radius', () => {
  const holds = fc.check(
    fc.property(
      fc.array(fc.tuple(raDeg, decDeg), { minLength: 1, maxLength: 30 }),
      fc.tuple(raDeg, decDeg),
      fc.double({ min: 0, max: 180, noNaN: true }),
      (places, centre, radiusDeg) => {
        const index = filled(places.map(([ra, dec], at) => row(at, ra, dec)))
        const found = new Set(cone(index, ...centre, radiusDeg))
        index.close()
        places.forEach((place, at) => {
          const distance = separationDeg(place, centre)
          if (distance < radiusDeg - 1e-6) expect(found).toContain(at)
          if (distance > radiusDeg + 1e-6) expect(found).not.toContain(at)
        })
      },
    ),
    { numRuns: 30 },
  )
  expect(holds.failed, fc.defaultReportMessage(holds)).toBe(false)
})

test('a cone is narrowed by band and by a time window that has its beginning and not its end', () => {
  const index = filled(Array.from({ length: 10 }, (_, id) => row(id, 10, 10)))
  expect(cone(index, 10, 10, 1, { band: 'r' })).toEqual([0, 2, 4, 6, 8])
  expect(cone(index, 10, 10, 1, { fromMjdTai: 61_000.2, toMjdTai: 61_000.5 })).toEqual([2, 3, 4])
})

test('pages follow each other without a hole or a repetition, whatever is added meanwhile', () => {
  const index = filled(Array.from({ length: 7 }, (_, id) => row(id, 10, 10)))
  const first = index.cone({ raDeg: 10, decDeg: 10, radiusDeg: 1, limit: 3 })
  index.add([row(7, 10, 10), row(2, 10, 10)])
  const second = index.cone({ raDeg: 10, decDeg: 10, radiusDeg: 1, limit: 3, after: first.next })
  const third = index.cone({ raDeg: 10, decDeg: 10, radiusDeg: 1, limit: 3, after: second.next })
  expect([first, second, third].flatMap(({ rows }) => idsOf(rows))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(third.next).toBeUndefined()
})

test('an object’s and a visit’s alerts are found, with exact ids', () => {
  const index = filled(Array.from({ length: 6 }, (_, id) => row(id, 10, 10)))
  expect(idsOf(index.byObject('object 1', { limit: 10 }).rows)).toEqual([1, 4])
  expect(idsOf(index.byVisit(2_026_112_100_001n, { limit: 10 }).rows)).toEqual([1, 3, 5])
  expect(index.get(170_094_456_272_322_681n)).toEqual(row(1, 10, 10))
})

test('an alert without position, time or object is kept and found by its id only', () => {
  const id = 9_223_372_036_854_775_807n
  const index = filled([{ id, bytes: 10 }, row(1, Number.NaN, 10), row(2, 10, 91)])
  expect(index.get(id)).toEqual({ id, bytes: 10 })
  expect(cone(index, 10, 10, 180)).toEqual([])
  expect(idsOf(index.all({ limit: 10 }).rows).slice(1)).toEqual([1, 2])
})

test('totals follow what is added, added again and removed', () => {
  const index = filled([row(1, 10, 10), row(2, 10, 10), row(2, 10, 10)])
  expect(index.totals()).toEqual({ alerts: 2, bytes: 2003, otherBytes: 0, isComplete: true })
  index.remove([row(1, 10, 10).id, 5n])
  expect(index.totals()).toEqual({ alerts: 1, bytes: 1002, otherBytes: 0, isComplete: true })
  expect(cone(index, 10, 10, 1)).toEqual([2])
})

test('a reader sees what a writer adds; one that comes before any writer is told so', () => {
  const file = fileName()
  expect(() => openSkyIndex(file, { readOnly: true })).toThrow(expect.objectContaining({ code: 'HUB_ARCHIVE_INDEX' }))
  const writer = openSkyIndex(file)
  const reader = openSkyIndex(file, { readOnly: true })
  writer.add([row(1, 10, 10)])
  expect(cone(reader, 10, 10, 1)).toEqual([1])
  expect(() => reader.add([row(2, 10, 10)])).toThrow(TypeError)
})

test('a cursor or a limit that is none is refused', () => {
  const index = filled([])
  expect(() => index.all({ limit: 10, after: 'x; DROP TABLE alerts' })).toThrow(RangeError)
  expect(() => index.all({ limit: 0 })).toThrow(RangeError)
  expect(() => index.all({ limit: 1e9 })).toThrow(RangeError)
})
