import { expect, test } from 'vitest'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { SYNTHETIC_SCHEMA } from '../synthetic/schemas/rubin-schema.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { alertJson, pickFields } from './alert-json.ts'
import { readFits } from './read-fits.ts'
import { cutoutOf, CUTOUTS, historyOf } from './alert-parts.ts'

const schema = parseSchema(SYNTHETIC_SCHEMA)
const source = openSyntheticSource({ seed: 6 })
const alerts = Array.from({ length: 20 }, (_, number) =>
  decodeAlert(schema, readFrame(source.packet(0, number).packet).body),
)
const alert = alerts.find(({ prvDiaSources }) => Array.isArray(prvDiaSources) && prvDiaSources.length > 1) ?? {}

test('an alert as JSON has exact ids, no NaN, and says how long its images are', () => {
  const text = JSON.stringify(alertJson(alert))
  const read = JSON.parse(text)
  expect(read.diaSourceId).toBe(String(alert['diaSourceId']))
  expect(BigInt(read.diaSourceId)).toBeGreaterThan(2n ** 53n)
  expect(read.cutoutScience.bytes).toBe((alert['cutoutScience'] as Buffer).length)
  expect(read.prvDiaSources).toHaveLength((alert['prvDiaSources'] as unknown[]).length)
  expect(alertJson({ a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: null, d: 'x' })).toEqual({
    a: null,
    b: null,
    c: null,
    d: 'x',
  })
})

test('chosen fields keep the alert’s shape; those of a list are taken of each item', () => {
  const picked = pickFields(schema, alert, [
    'diaSource.ra',
    'prvDiaSources.diaSourceId',
    'prvDiaSources.band',
    'cutoutScience',
  ])
  expect(picked).toEqual({
    diaSource: { ra: Reflect.get(alert['diaSource'] as object, 'ra') },
    prvDiaSources: (alert['prvDiaSources'] as { diaSourceId: bigint; band: string }[]).map(item => ({
      diaSourceId: String(item.diaSourceId),
      band: item.band,
    })),
    cutoutScience: (alert['cutoutScience'] as Buffer).toString('base64'),
  })
  expect(pickFields(schema, { ...alert, diaObject: null }, ['diaObject.ra'])).toEqual({ diaObject: null })
})

test('a field that is wanted whole and in part is given whole, in either order', () => {
  const whole = { diaSource: alertJson(alert['diaSource']) }
  expect(pickFields(schema, alert, ['diaSource.ra', 'diaSource'])).toEqual(whole)
  expect(pickFields(schema, alert, ['diaSource', 'diaSource.ra'])).toEqual(whole)
})

test.each(['nothing', 'diaSource.nothing', 'diaSource.ra.more', 'cutoutScience.bytes', '', '__proto__', 'toString'])(
  'the unknown field “%s” is refused with what there is',
  path => {
    expect(() => pickFields(schema, alert, [path])).toThrow(
      expect.objectContaining({ code: 'HUB_FIELD_UNKNOWN', message: expect.stringContaining(`“${path}”`) }),
    )
  },
)

test('each cutout is the packet’s bytes, and an image; of a record it is the stamp; where there is none, nothing', () => {
  for (const name of CUTOUTS) {
    const bytes = cutoutOf(alert, name) ?? Buffer.alloc(0)
    const [primary] = readFits(bytes)
    expect(primary?.image?.width).toBe(primary?.cards.get('NAXIS1'))
    expect(cutoutOf({ cutoutScience: null }, name)).toBeUndefined()
  }
  expect(cutoutOf({ cutoutScience: { stampData: Buffer.from('x') } }, 'science')?.toString()).toBe('x')
  expect(() => cutoutOf({ cutoutScience: 7 }, 'science')).toThrow(
    expect.objectContaining({ code: 'HUB_CUTOUT_INVALID' }),
  )
})

test('history is every list of the alert, null where the alert has null', () => {
  expect(Object.keys(historyOf(schema, alert))).toEqual(['prvDiaSources', 'prvDiaForcedSources'])
  expect(historyOf(schema, { ...alert, prvDiaForcedSources: null })).toEqual({
    prvDiaSources: alert['prvDiaSources'],
    prvDiaForcedSources: null,
  })
})
