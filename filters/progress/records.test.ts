// Progress records survive being written and read back.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Visit } from '../cap/visit.ts'
import { barrierKey, filterKey, heldKey, laneKey, parseKey, visitKey } from './keys.ts'
import {
  decodeCandidate,
  decodeFilter,
  decodeLane,
  decodeVisit,
  encodeCandidate,
  encodeFilter,
  encodeLane,
  encodeVisit,
  type FilterRecord,
  finite,
} from './records.ts'

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const offsets = fc
  .dictionary(fc.nat(99).map(String), fc.bigInt(0n, 2n ** 62n))
  .map(object => new Map(Object.entries(object).map(([key, value]) => [Number(key), value])))
const source = fc.record({ topic: fc.constant('lsst'), partition: fc.nat(20), offset: fc.bigInt(0n, 2n ** 62n) })
const candidate = fc.record({
  alert: long,
  score: fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(0.01) }),
  source,
  version: fc.nat(9),
})
const visit: fc.Arbitrary<Visit> = fc.record({
  seen: fc.nat(),
  passed: fc.nat(),
  errors: fc.nat(),
  overCap: fc.nat(),
  duplicates: fc.nat(3),
  gone: fc.nat(3),
  delivered: fc.array(long, { maxLength: 25 }),
  held: fc.constant([]),
  closed: fc.boolean(),
  firstMs: fc.nat(),
  lastMs: fc.nat(),
  touchedMs: fc.nat(),
})

test('a visit is read back as it was, with every bit of its ids', () => {
  fc.assert(
    fc.property(visit, state => {
      expect(decodeVisit('visit/f/1', encodeVisit(state))).toEqual(state)
    }),
  )
})

test('a candidate is read back as it was', () => {
  fc.assert(
    fc.property(candidate, one => {
      expect(decodeCandidate('held/f/1/1', encodeCandidate(one))).toEqual(one)
    }),
  )
})

test('a lane is read back as it was', () => {
  fc.assert(
    fc.property(offsets, positions => {
      const newestMs = new Map([...positions.keys()].map(partition => [partition, 1_790_000_000_000 + partition]))
      expect(decodeLane('lane/live', encodeLane({ stream: 'lsst', positions, schemas: [9, 11], newestMs }))).toEqual({
        stream: 'lsst',
        schemas: [9, 11],
        positions,
        newestMs,
      })
    }),
  )
})

test('a filter is read back as it was, suspended or not', () => {
  const record: FilterRecord = {
    lane: undefined,
    version: 3,
    generation: 2,
    strikes: 1,
    isSlow: false,
    learned: ['diaObject.g_psfFluxMean', 'prvDiaSources[].band'],
    cut: undefined,
    arrived: undefined,
    ahead: new Map([[1, 7n]]),
    cpuMs: 1.5,
    cpuAlerts: 256,
    suspension: { generation: 2, reason: 'timeout', message: 'took 1.2 s', line: 3, at: '2026-11-21T00:00:00Z' },
  }
  expect(decodeFilter('filter/f', encodeFilter(record))).toEqual(record)
  const live = { ...record, lane: 'live.lsst', suspension: undefined, ahead: new Map() }
  expect(decodeFilter('filter/f', encodeFilter(live))).toEqual(live)
})

test('a filter written before filters learned anything is read', () => {
  const text = '{"lane":"live.lsst","version":3,"generation":2,"strikes":0,"cpuMs":1}'
  expect(decodeFilter('filter/f', text)).toMatchObject({ version: 3, learned: [] })
})

test('keys name what they were made from, and unknown ones are left alone', () => {
  fc.assert(
    fc.property(long, id => {
      expect(parseKey(visitKey('f0', id))).toEqual({ kind: 'visit', filter: 'f0', visit: id })
      expect(parseKey(heldKey('f0', id, -id / 2n))).toEqual({ kind: 'held', filter: 'f0', visit: id, alert: -id / 2n })
    }),
  )
  expect(parseKey(laneKey('live.lsst'))).toEqual({ kind: 'lane', lane: 'live.lsst' })
  expect(parseKey(filterKey('f0'))).toEqual({ kind: 'filter', filter: 'f0' })
  expect(parseKey(barrierKey('abc'))).toEqual({ kind: 'barrier', incarnation: 'abc' })
  expect([parseKey('moon/1'), parseKey('visit/f0'), parseKey('lane/a/b'), parseKey('')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('a record that cannot be read stops the shard, because a cap could be exceeded', () => {
  expect(() => decodeVisit('visit/f/1', '{"seen":1}')).toThrow(
    expect.objectContaining({ code: 'FILTER_PROGRESS_CORRUPT' }),
  )
  expect(() => decodeLane('lane/x', 'not json')).toThrow(expect.objectContaining({ code: 'FILTER_PROGRESS_CORRUPT' }))
})

test('a filter record whose CPU time is no number is read as one without any: its shard starts', () => {
  const text = '{"lane":"lsst","version":3,"generation":2,"strikes":1'
  for (const end of [',"cpuMs":null}', ',"cpuMs":1e999}', ',"cpuMs":-5}', ',"cpuMs":"many"}', '}'])
    expect(decodeFilter('filter/1', text + end)).toMatchObject({ version: 3, generation: 2, strikes: 1, cpuMs: 0 })
  expect(decodeFilter('filter/1', `${text},"cpuMs":12.5,"cpuAlerts":256}`)).toMatchObject({
    cpuMs: 12.5,
    cpuAlerts: 256,
  })
  // From before alerts were counted: nobody knows for how many this was.
  expect(decodeFilter('filter/1', `${text},"cpuMs":12.5}`)).toMatchObject({ cpuMs: 0, cpuAlerts: 0 })
  expect(() => decodeFilter('filter/1', '{"version":null,"generation":2,"strikes":1,"cpuMs":1}')).toThrow(
    /not readable/,
  )
})

test('whatever is added to CPU time, the record can be read back', () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (before, more) => {
      const cpuMs = finite(finite(before) + finite(more))
      expect(JSON.parse(JSON.stringify(cpuMs))).toBe(cpuMs)
    }),
  )
})
