import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXAMPLE_ANSWERS, openSyntheticSource, type Stream, STREAMS } from '#hub'
import { openIsolateSandbox, type Sandbox } from '#sandbox'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkSource } from '../check/check-source.ts'
import { type Field } from '../check/fields/columns-read.ts'
import { examples } from './examples.ts'
import { programOf } from '../check/sandbox-program.ts'
import { builtInSchema, sampleOf } from './sample.ts'
import { streamFields } from '../check/fields/stream-fields.ts'
import { type Trial, trialRun } from './trial-run.ts'
import { type Language } from '../manifest.ts'

const ALERTS = 300
const dir = mkdtempSync(join(tmpdir(), 'skysieve-trial-'))
const fieldsOf = (stream: Stream): readonly Field[] =>
  streamFields(
    stream,
    [builtInSchema(stream)].flatMap(one => one ?? []),
  )
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openIsolateSandbox({ dir, logger: pino({ level: 'silent' }), defaults: { hosts: 1 } })
})
afterAll(async () => {
  await sandbox.close()
  rmSync(dir, { recursive: true })
})

async function trial(
  source: string,
  language: Language = 'javascript',
  cap = 20,
  stream: Stream = STREAMS.lsst,
): Promise<Trial> {
  const check = checkSource(language, source, { fields: fieldsOf(stream) })
  if (!check.ok) throw new Error(check.problems[0]?.message)
  const program = programOf({ id: 'trial', version: 1, language, trust: 'new', check })
  const packets = sampleOf(stream, [], ALERTS) ?? []
  return trialRun({ sandbox, program, stream, packets, cap })
}

// Those in Python need a Docker engine: deploy/e2e/python.e2e.test.ts.
test.each(examples().filter(({ stream, language }) => stream === 'lsst' && language !== 'python'))(
  'in the sandbox, $name passes exactly the alerts of its answer',
  async ({ name, language, source }) => {
    const result = await trial(source, language, 1_000)
    const synthetic = openSyntheticSource()
    const alerts = Array.from({ length: ALERTS }, (_, i) => synthetic.packet(100_000, i).alert)
    const expected = alerts.filter(alert => EXAMPLE_ANSWERS[name]?.(alert)).map(alert => alert.diaSourceId)
    expect(result.matches.map(({ alert }) => alert)).toEqual(expected)
    expect(result).toMatchObject({ alerts: ALERTS, passed: expected.length, errors: 0, overCap: 0 })
  },
)

test.each(examples().filter(({ stream }) => stream === 'ztf'))(
  'in the sandbox, $name of ZTF passes some alerts of the sample and drops others',
  async ({ language, source }) => {
    const result = await trial(source, language, 1_000, STREAMS.ztf)
    expect(result).toMatchObject({ alerts: ALERTS, errors: 0 })
    expect(result.passed).toBeGreaterThan(5)
    expect(result.passed).toBeLessThan(ALERTS - 5)
  },
)

test('matches beyond the cap of a visit are counted, not shown', async () => {
  const result = await trial('export const filter = () => true', 'javascript', 7)
  expect(result).toMatchObject({ passed: ALERTS, overCap: ALERTS - 7 })
  expect(result.matches).toHaveLength(7)
})

test('an error names the alert and the place in the author’s file', async () => {
  const result = await trial('export function filter(alert) {\n  return alert.nothing.here\n}')
  expect(result).toMatchObject({
    errors: ALERTS,
    firstError: { line: 2, message: expect.stringMatching(/reading 'here'/) },
  })
})

test.each([
  [
    'a stack with a line that is no number',
    "throw { name: 'E', message: 'm', stack: 'filter.js:' + '9'.repeat(400) + ':1' }",
    'E: m',
  ],
  [
    'what it logs logging again',
    'for (let i = 0; i < 99; i++) console.log({ toJSON() { console.log(i); return i } }); return alert.x.y',
    'TypeError',
  ],
])(
  'a filter that attacks the reply of its host (%s) is told its own error, and the next trial runs',
  async (_name, body, message) => {
    const result = await trial(`export function filter(alert) { ${body} }`)
    expect(result).toMatchObject({
      errors: ALERTS,
      firstError: { message: expect.stringContaining(message) as string },
    })
    expect(result.failure).toBeUndefined()
    expect(await trial('export const filter = () => false')).toMatchObject({ alerts: ALERTS, passed: 0 })
  },
)

test('a filter that never ends fails the trial and leaves the sandbox usable', async () => {
  expect((await trial('export function filter() { for (;;); }')).failure).toMatchObject({ reason: 'timeout' })
  expect(await trial('export const filter = () => false')).toMatchObject({ alerts: ALERTS, passed: 0 })
})

const PASSED = 'passes what it passes with its fields named plainly, and the author is told what was learned'
test.each([
  ['a name put together from constants', "const S = '_psfFluxMean'\nconst key = a => a.diaSource.band + S"],
  ['a name made by +=', "const key = a => { let name = a.diaSource.band; name += '_psfFluxMean'; return name }"],
  ['a name of pieces', "const P = ['psf', 'Flux', 'Mean']\nconst key = a => a.diaSource.band + '_' + P.join('')"],
])(`a filter that reaches fields by %s ${PASSED}`, async (_what, key) => {
  const body = (name: string): string => `${key}
    export function filter(alert) {
      const object = alert.diaObject
      return object !== null && alert.diaSource.psfFlux > object[${name}]
    }`
  const plain =
    '{ u: alert.diaObject.u_psfFluxMean, g: alert.diaObject.g_psfFluxMean, r: alert.diaObject.r_psfFluxMean, i: alert.diaObject.i_psfFluxMean, z: alert.diaObject.z_psfFluxMean, y: alert.diaObject.y_psfFluxMean }'
  const control = await trial(
    `export const filter = alert => alert.diaObject !== null && alert.diaSource.psfFlux > ${plain}[alert.diaSource.band]`,
    'javascript',
    1000,
  )
  const result = await trial(body('key(alert)'), 'javascript', 1000)
  expect(control.passed).toBeGreaterThan(0)
  expect(control.learned).toEqual([])
  expect(result.matches).toEqual(control.matches)
  expect(result).toMatchObject({ alerts: ALERTS, errors: 0 })
})

test('records are looked at as any object is: their own keys, copies and rests have all fields', async () => {
  const result = await trial(`export function filter(alert) {
    const { band, ...rest } = alert.diaSource
    const copy = { ...alert.diaSource }
    const keys = Object.keys(alert.diaSource)
    return Object.is(copy.psfFlux, alert.diaSource.psfFlux) && Object.is(copy.psfFlux, rest.psfFlux) && keys.length > 50 && !('band' in rest) &&
      Object.values(alert.diaSource).length === keys.length && JSON.stringify(alert.diaSource).length > 500
  }`)
  expect(result).toMatchObject({ alerts: ALERTS, passed: ALERTS, errors: 0 })
  expect(result.learned.length).toBeGreaterThan(50)
})
