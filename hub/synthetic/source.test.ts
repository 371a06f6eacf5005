// The synthetic survey: reproducible, sized like the sky, readable, and with answers for every example filter.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { canonicalText, parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { EXAMPLE_ANSWERS } from './example-answers.ts'
import { openSyntheticSource } from './source.ts'

const source = openSyntheticSource({ seed: 7 })
const visit = (visitNumber: number, alerts: number) =>
  Array.from({ length: alerts }, (_, number) => source.packet(visitNumber, number))

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'bigint' || (typeof inner === 'number' && !Number.isFinite(inner)) ? String(inner) : inner,
    ),
  )

test('the same seed makes the same bytes, in whatever order they are asked for', () => {
  const other = openSyntheticSource({ seed: 7 })
  const forward = [0, 1, 2, 3].map(number => source.packet(3, number).packet)
  const backward = [3, 2, 1, 0].map(number => other.packet(3, number).packet).toReversed()
  expect(backward.map((packet, at) => packet.equals(forward[at] ?? packet.subarray(1)))).toEqual([
    true,
    true,
    true,
    true,
  ])
})

test('another seed, visit or alert number makes another alert', () => {
  const packets = [source.packet(0, 0), source.packet(0, 1), source.packet(1, 0)]
  packets.push(openSyntheticSource({ seed: 8 }).packet(0, 0))
  expect(new Set(packets.map(({ packet }) => packet.toString('latin1'))).size).toBe(4)
})

test('ids are unique, pass 2^53 and fit 63 bits; visits are numbered as LSSTCam does', () => {
  const packets = [...visit(0, 300), ...visit(900, 300)]
  const ids = packets.map(({ alertId }) => alertId)
  expect(new Set(ids).size).toBe(600)
  expect(ids.every(id => id > 2n ** 53n && id < 2n ** 63n)).toBe(true)
  expect([packets[0]?.visit, packets[300]?.visit]).toEqual([2026090100001n, 2026090200001n])
})

test('packets have the sizes of the sky: 110 KB in the median, up to 200 KB', () => {
  const sizes = visit(0, 400)
    .map(({ packet }) => packet.length)
    .toSorted((a, b) => a - b)
  expect(sizes[200]).toBeGreaterThan(108_000)
  expect(sizes[200]).toBeLessThan(116_000)
  expect(sizes[0]).toBeGreaterThan(100_000)
  expect(sizes.at(-1)).toBeLessThan(260_000)
})

test('a packet decodes to the alert it was made from', () => {
  const schema = parseSchema(source.schemaJson)
  for (const { packet, alert } of visit(0, 12)) {
    const { schemaId, body } = readFrame(packet)
    expect(schemaId).toBe(1100)
    // Through JSON the two differ in nothing but the classes avsc gives its records.
    expect(plain(decodeAlert(schema, body))).toEqual(plain(alert))
  }
})

test('every example filter passes between 0.5 and 15 % of the alerts, and fills a cap of 20 in a visit of 1,000', () => {
  const counts = new Map(Object.keys(EXAMPLE_ANSWERS).map(name => [name, [0, 0, 0]]))
  for (const [at, visitNumber] of [0, 1, 7].entries())
    for (let number = 0; number < 1000; number++) {
      const { alert } = source.packet(visitNumber, number)
      for (const [name, passes] of Object.entries(EXAMPLE_ANSWERS))
        if (passes(alert)) counts.get(name)?.splice(at, 1, (counts.get(name)?.[at] ?? 0) + 1)
    }
  for (const [name, passed] of counts) {
    const share = passed.reduce((sum, count) => sum + count, 0) / 3000
    expect({ name, share, isInRange: share >= 0.005 && share <= 0.15 }).toMatchObject({ isInRange: true })
    expect({ name, passed, fills: Math.max(...passed) >= 20 }).toMatchObject({ fills: true })
  }
}, 60_000)

test('nulls, NaNs, empty lists and missing records occur as in real packets', () => {
  const alerts = visit(0, 600).map(({ alert }) => alert)
  const has = (holds: (alert: (typeof alerts)[number]) => boolean) => alerts.some(holds)
  expect(has(({ prvDiaSources }) => prvDiaSources === null)).toBe(true)
  expect(has(({ prvDiaForcedSources }) => prvDiaForcedSources === null)).toBe(true)
  expect(has(({ prvDiaForcedSources }) => prvDiaForcedSources?.length === 0)).toBe(true)
  expect(has(({ diaSource }) => diaSource.psfFlux === null)).toBe(true)
  expect(has(({ diaSource }) => Number.isNaN(diaSource.reliability))).toBe(true)
  const asteroids = alerts.filter(({ ssSource }) => ssSource !== null)
  expect(asteroids.length).toBeGreaterThan(30)
  expect(asteroids.every(({ diaObject, prvDiaSources }) => diaObject === null && prvDiaSources === null)).toBe(true)
  const longest = Math.max(...alerts.map(({ prvDiaSources }) => prvDiaSources?.length ?? 0))
  expect(longest).toBeGreaterThan(40)
  expect(longest).toBeLessThanOrEqual(50)
})

const REAL = resolve(import.meta.dirname, '../../../shared/data/schemas/lsst/11/0')
test.runIf(existsSync(REAL))('names and types are those of Rubin’s schema 11.0', async () => {
  expect(canonicalText(parseSchema(source.schemaJson))).toEqual(await assembleSchema(REAL))
})
